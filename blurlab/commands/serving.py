"""The command that serves the app."""

import os
import subprocess
import sys
from argparse import Namespace

from blurlab import places
from blurlab.commands.options import Commands, between, command


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    serving = command(commands, "app", serve, "start the app and print its address")
    serving.add_argument(
        "--port",
        metavar="P",
        type=between(1, 65535),
        default=8501,
        help="port to listen on, 1 to 65535 (default: %(default)s)",
    )


def serve(options: Namespace) -> None:
    """Give this process to Streamlit, which reads the settings that lie beside the script.

    A process of its own, for the script decides how many threads torch has before its import.
    """
    asked = ["run", str(places.APP), "--server.port", str(options.port)]
    streamlit = [sys.executable, "-m", "streamlit", *asked]
    if os.name == "nt":  # where exec returns to the shell at once
        sys.exit(subprocess.call(streamlit))
    os.execv(sys.executable, streamlit)
