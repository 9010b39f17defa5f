"""The job that the tests of signals end: `ask_many.py FOLDER BASE_URL COUNT CONCURRENCY TIMEOUT`."""

import logging
import sys
from pathlib import Path

from chat_support import Corpus, Server, api_model, chat_run


def main() -> None:
    folder, base_url, count, concurrency, timeout = sys.argv[1:]
    logging.basicConfig(level=logging.DEBUG, filename=Path(folder) / "log.txt")
    model = api_model(Server(0), base_url=base_url)
    run = chat_run(concurrency=int(concurrency), shots=5, timeout=float(timeout))
    Corpus(Path(folder), [f"w{number} binds to DNA" for number in range(int(count))]).ask(model, run)


if __name__ == "__main__":
    main()
