"""How Plotly figures look alike: axes."""

# An axis that says 1, 2, 5, 10, 20 ...; plotly's own writes 20 as a small 2.
LOGARITHMIC = {"type": "log", "dtick": "D2", "tickformat": "~g"}
