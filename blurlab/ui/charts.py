"""How Plotly figures look alike: colours, dashes and axes."""

# Okabe and Ito's colours, which people with any colour vision tell apart, in the order of models.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#8a8a8a"  # seen on light and on dark
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
# An axis that says 1, 2, 5, 10, 20 ...; plotly's own writes 20 as a small 2.
LOGARITHMIC = {"type": "log", "dtick": "D2", "tickformat": "~g"}


def line(index: int) -> dict:
    """Return the colour and dash that every figure gives the model of this index.

    With a colour's return its dash moves on, so that as many as 36 models differ.
    """
    turns, color = divmod(index, len(COLORS))
    return {"color": COLORS[color], "dash": DASHES[(color + turns) % len(DASHES)]}
