"""`markner serve`: tag texts for other programs on this machine, over HTTP."""

import argparse
import socket
import sys

from markner.cli.annotate import as_trained_argument
from markner.errors import MarknerError

HELP = "tag texts for other programs on this machine: POST /tag over HTTP"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner serve`."""
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="a trained run: results/STUDY/models/RUN/seed1")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1; 0: any free one (default: 8000)")
    as_trained_argument(parser)
    parser.epilog = "While the server runs, http://127.0.0.1:8000 says how texts are sent. Ctrl-C ends it."


def run(options: argparse.Namespace) -> int:
    """Load the runs and serve until interrupted. Return the exit code."""
    check_port(options.port)  # before the models are loaded, which takes long
    # Imported here because they load torch.
    import uvicorn

    from markner.annotate.service import service
    from markner.annotate.text_tagger import load_taggers

    tagger = load_taggers(options.folders, as_trained=options.as_trained)
    print("The runs are loaded.", file=sys.stderr)
    uvicorn.run(service(tagger, options.folders), host="127.0.0.1", port=options.port, log_level="info")
    return 0


def check_port(port: int) -> None:
    """Check that a port of 127.0.0.1 is free. Raise a MarknerError if it cannot be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise MarknerError(
                f"port {port} cannot be used: {reason}",
                "choose another port: --port 8001, or --port 0 for any free one",
            ) from error
