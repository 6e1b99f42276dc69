"""The page Blur defence."""
