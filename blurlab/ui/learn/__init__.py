"""The page Learn, and the words that every page explains."""
