"""Stands for Python where Snakemake runs a script, and hands it to `job_server.py`; all else Python itself runs.

Arguments: the folder of the servers' sockets, Python, and what Snakemake gives to Python.
"""

import json
import os
import socket
import sys
from pathlib import Path


def main() -> int:
    servers, python, *arguments = sys.argv[1:]
    script = Path(arguments[0]).absolute()
    if len(arguments) > 1 or script.parts[-3:-1] != (".snakemake", "scripts"):
        os.execv(python, [python, *arguments])
    kind = "models" if "markner.models" in script.read_text(encoding="utf-8") else "others"
    asked = {"script": str(script), "folder": str(Path.cwd()), "environment": dict(os.environ)}
    request = json.dumps(asked).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(f"{servers}/{kind}")
        socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(request)
        code = server.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main())
