"""The networks that BlurLab looks through: built, read from files, installed and loaded."""
