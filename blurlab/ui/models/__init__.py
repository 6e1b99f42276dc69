"""The page Models and data."""
