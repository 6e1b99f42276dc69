"""The page Corruptions."""
