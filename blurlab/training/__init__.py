"""What makes the networks that ship: recipes, the loop they share, and their cards."""
