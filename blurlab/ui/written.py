"""A report on networks as one HTML file: what is kept of them, how it was measured, how to cite."""

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import plotly.io

from blurlab.claims import compare, methods
from blurlab.data import sources
from blurlab.measures.row import Measure
from blurlab.measures.table import MEASURES
from blurlab.networks import store
from blurlab.ui import languages
from blurlab.ui.sensitivity import figures
from blurlab.ui.sensitivity.figures import Axis
from blurlab.ui.sensitivity.report import label, summed_up

CITE = (
    "Li Z, Ortega Caro J, Rusak E, Brendel W, Bethge M, Anselmi F, Patel AB, Tolias AS, Pitkow X. "
    "Robust deep learning object recognition models rely on low frequency information in natural "
    "images. PLOS Comput Biol 2023; 19(3): e1010932. doi:10.1371/journal.pcbi.1010932",
    "BlurLab: which spatial frequencies does a vision model see with? (software; its CITATION.cff "
    "has the version)",
)
# Of the button above a figure: 180 mm across at 300 dpi, with type of 7 points.
CAMERA = {"width": 850, "height": figures.HEIGHT, "scale": 2126 / 850}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{
  font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
}}
table {{ border-collapse: collapse; margin: 0.5rem 0 1.5rem; }}
td, th {{ border: 1px solid #c9ced6; padding: 0.25rem 0.6rem; text-align: left; }}
section {{ break-inside: avoid; }}
</style>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


@languages.speaking(languages.ENGLISH)
def report(names: Sequence[str], data: str) -> str:
    """Write what is kept of networks on pictures, with the usual settings, as an HTML page.

    data: as compare.kept takes it.  Figures can be zoomed, and a browser prints the page as PDF.
    Raises ValueError when nothing is kept, or for a model that is not installed.
    """
    told = methods.paragraph(list(names), data)
    kept = {name: compare.kept(name, data) for name in names}
    title = f"Spectral sensitivity, {sources.TITLES.get(data, data)}"
    made = datetime.now(UTC).strftime("%Y-%m-%d")
    parts = [f"<p>Made on {made}. Brackets and error bars hold 95 % intervals.</p>"]
    script = True  # of Plotly, once
    for measure, row in MEASURES.items():
        found = {name: kept[name][measure] for name in names if measure in kept[name]}
        if not found:
            continue
        titles = {name: store.card(name)["title"] for name in found}
        told_of = {titles[name]: each for name, each in found.items()}
        axes = {
            titles[n]: Axis("image", store.card(n)["recipe"]["input_size"], None) for n in found
        }
        numbers = {title: estimate for title, (_, estimate) in told_of.items()}
        figure = figures.figure(row, numbers, axes)
        drawn = plotly.io.to_html(
            figure, config={"toImageButtonOptions": CAMERA}, include_plotlyjs=script,
            full_html=False,
        )  # fmt: skip
        script = False
        parts.append(
            f"<section><h2>{html.escape(row.title)}</h2><p>{html.escape(row.explanation)}</p>"
            f"{drawn}{_table(row, told_of, axes)}</section>"
        )
    parts.append("<h2>Methods</h2>")
    parts += [f"<p>{html.escape(line)}</p>" for line in told]
    parts.append("<h2>How to cite</h2>")
    parts += [f"<p>{html.escape(line)}</p>" for line in CITE]
    return PAGE.format(title=html.escape(title), body="\n".join(parts))


def _table(measure: Measure, found: dict[str, tuple[int, Any]], axes: dict[str, Axis]) -> str:
    """Write the numbers that sum a measure up, a row a network."""
    rows = {
        title: {"network": title, "pictures": f"{pictures:,}"}
        | {label(each, axes[title]): summed_up(each, axes[title]) for each in measure.summary(it)}
        for title, (pictures, it) in found.items()
    }
    heads = list(dict.fromkeys(head for row in rows.values() for head in row))
    lines = [_row("th", heads)]
    lines += [_row("td", [row.get(head, "") for head in heads]) for row in rows.values()]
    return f"<table>{''.join(lines)}</table>"


def _row(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{html.escape(cell)}</{kind}>' for cell in cells)}</tr>"
