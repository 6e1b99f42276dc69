"""The script that draws figures, as the server gives it to browsers that save one for print."""

from importlib.util import find_spec
from pathlib import Path

from starlette.responses import FileResponse
from starlette.routing import Route

PATH = "/blurlab/plotly.js"
A_DAY = "public, max-age=86400"


def route() -> Route:
    """Return the route that app.py adds to Streamlit's."""
    # Found without being imported, which would hold up the first page.
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    script = Path(package.origin).parent / "package_data" / "plotly.min.js"
    headers = {"Cache-Control": A_DAY}
    return Route(
        PATH, lambda _: FileResponse(script, media_type="text/javascript", headers=headers)
    )
