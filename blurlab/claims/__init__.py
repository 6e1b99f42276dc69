"""The numbers that networks are compared by, and the paper's claims held against them."""
