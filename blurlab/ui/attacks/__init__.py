"""The page Attacks."""
