"""The page Hybrid images."""
