"""BlurLab's entry: starts the server with its models loaded; as the script, draws the pages."""

import os

# One core is left to the web server; torch reads this once, when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    from streamlit.runtime.pages_manager import PagesManager

    # Otherwise a deep link on a fresh server would run its page without this script.
    PagesManager.uses_pages_directory = False
    from starlette.middleware import Middleware

    from blurlab.ui import channel, plotly_library
    from blurlab.ui.audience.routes import routes
    from blurlab.ui.server import lifespan
    from blurlab.ui.starting import saying_so

    added = [channel.route(), plotly_library.route(), *routes()]
    app = st.App(__file__, lifespan=lifespan, routes=added, middleware=[Middleware(saying_so)])
else:
    from blurlab.ui.server import wait_until_warm

    wait_until_warm()
    from blurlab.ui.shell import main

    main()
