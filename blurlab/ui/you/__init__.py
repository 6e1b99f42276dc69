"""The page *You vs the models*: a game that measures a person's reverse frequency."""
