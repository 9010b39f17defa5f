"""Stands for Python, and hands programs with large libraries to `forked_server.py`; all else Python itself runs.

Arguments: the folder of the servers' sockets, Python, and what is given to Python.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

FORWARDED = (signal.SIGTERM, signal.SIGINT)


def libraries(arguments: list[str]) -> str | None:
    """Return the kind of a program's libraries (`forked_server.py`); None if Python itself runs it."""
    match arguments:
        case ["-u", *rest]:
            return libraries(rest)
        case [*_, "--multiprocessing-fork"]:
            return "bench"
        case ["-m", "torch.distributed.run" | "markner.models.causal.launch", *_]:
            return "training"
        case ["-m", module, *_]:
            return {"snakemake": "snakemake", "gpu": "bench", "markner": "models"}.get(module.partition(".")[0])
        case ["-c", code, *_]:
            return "training" if "markner.models.causal" in code else None
        case [name, *_]:
            return of_script(Path(name).absolute())
    return None


def of_script(script: Path) -> str | None:
    """Return the kind of a script's libraries."""
    if script.parts[-3:-1] == (".snakemake", "scripts"):
        return "models" if "markner.models" in script.read_text(encoding="utf-8") else "others"
    if script.parent.name == "bin":
        return {"markner": "models", "snakemake": "snakemake"}.get(script.name)
    if script.parent.name == "bench":
        return "bench"
    return "training" if "markner.models.causal" in script.read_text(encoding="utf-8") else None


def inherited() -> list[int]:
    """Return the descriptors that a program would get from the process that starts it."""
    numbers = []
    for file in Path("/dev/fd").iterdir():
        with suppress(OSError):  # one is that of the listing itself
            if os.get_inheritable(int(file.name)):
                numbers.append(int(file.name))
    return numbers


def main() -> int:
    servers, python, *arguments = sys.argv[1:]
    kind = libraries(arguments)
    if kind is None:
        os.execv(python, [python, *arguments])
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known to whom they go
    descriptors = inherited()
    asked = {
        "arguments": arguments,
        "descriptors": descriptors,
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "python": f"{servers}/python",
    }
    request = json.dumps(asked).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(f"{servers}/{kind}")
        socket.send_fds(server, [len(request).to_bytes(4, "big")], descriptors)
        server.sendall(request)
        process = int.from_bytes(server.recv(8, socket.MSG_WAITALL), "big")
        if not process:
            return 1
        for number in FORWARDED:
            signal.signal(number, lambda received, frame: os.kill(process, received))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        code = server.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main())
