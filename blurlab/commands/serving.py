"""The commands that serve the app."""

import os
import secrets
import subprocess
import sys
from argparse import Namespace

from blurlab import places, public
from blurlab.commands.options import Commands, between, command


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    app = command(commands, "app", serve, "start the app and print its address")
    room = command(commands, "serve", serve, "start the app for this machine, or for a room")
    for each in (app, room):
        each.add_argument(
            "--port",
            metavar="P",
            type=between(1, 65535),
            default=8501,
            help="port to listen on, 1 to 65535 (default: %(default)s)",
        )
    app.set_defaults(public=False, address="")
    room.add_argument(
        "--address",
        metavar="URL",
        default="",
        help="where others find this server behind a proxy or in a container, such as "
        "https://room.example (default: this machine's addresses)",
    )
    room.add_argument(
        "--public",
        action="store_true",
        help="let other machines connect, and refuse what reads, fetches or writes on this one",
    )


def serve(options: Namespace) -> None:
    """Give this process to Streamlit, which reads the settings that lie beside the script.

    A process of its own, for the script decides how many threads torch has before its import.
    """
    asked = ["run", str(places.APP), "--server.port", str(options.port)]
    if options.public:
        asked += ["--server.address", "0.0.0.0", "--server.allowedHosts", "*"]
        asked += ["--server.maxUploadSize", str(public.UPLOAD_MB)]
        key = secrets.token_urlsafe(9)
        os.environ |= {public.VARIABLE: "1", public.ROOM_KEY: key}
        if options.address:
            os.environ[public.ADDRESS] = options.address
        print(
            "Public: who reaches this machine can connect. To steer an audience, open\n"
            f"http://localhost:{options.port}/audience?room_key={key}",
            flush=True,
        )
    streamlit = [sys.executable, "-m", "streamlit", *asked]
    if os.name == "nt":  # where exec returns to the shell at once
        sys.exit(subprocess.call(streamlit))
    os.execv(sys.executable, streamlit)
