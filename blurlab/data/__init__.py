"""Labelled pictures to train and measure on: where they come from, and how they are found."""
