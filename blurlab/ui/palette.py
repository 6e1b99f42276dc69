"""How networks are told apart wherever they are drawn: by Plotly, by the browser and on a slide."""

import json

# Okabe and Ito's colours, which people with any colour vision tell apart, in the order of models.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#8a8a8a"  # seen on light and on dark
# Plotly's name of a dash -> its lengths in pixels, as SVG has them.
DASHES = {
    "solid": "none",
    "dash": "11 5",
    "dot": "3 4",
    "dashdot": "14 4 3 4",
    "longdash": "18 5",
    "longdashdot": "18 4 3 4",
}


def line(index: int) -> dict[str, str]:
    """Return the colour and dash that every figure gives the model of this index.

    With a colour's return its dash moves on, so that as many as 36 models differ.
    """
    turns, color = divmod(index, len(COLORS))
    return {"color": COLORS[color], "dash": list(DASHES)[(color + turns) % len(DASHES)]}


def script() -> str:
    """Write the colours and the dashes as the constants that browser/elements.js draws with."""
    return (
        f"const COLORS = {json.dumps(COLORS)};\n"
        f"const DASHES = {json.dumps(list(DASHES.values()))};\n"
    )
