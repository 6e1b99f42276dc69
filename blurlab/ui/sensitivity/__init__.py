"""The page Spectral sensitivity."""
