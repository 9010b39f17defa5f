"""Pack the predictions of a study without text: the archive from which `make replay-real` makes its tables again.

A language model's raw answer repeats its sentence, and the texts of most corpora may not be passed on. Spans, status
and confidences are kept: with the corpora, which every user downloads, they give all scores, intervals and tests.
"""

import argparse
import io
import json
import sys
import tarfile
from pathlib import Path


def pack(study: Path, archive: Path) -> int:
    """Write the predictions below `study` (`results/NAME`) to a `.tar.xz` file; return the number of files.

    The archive depends on the predictions alone, not on times, owners or the order of the folders.
    """
    files = sorted((study / "predictions").rglob("*.jsonl"))
    if not files:
        sys.exit(f"{study / 'predictions'}: no predictions; run the study first")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:xz") as tar:
        for file in files:
            lines = [json.loads(line) | {"raw": None} for line in file.read_text(encoding="utf-8").splitlines()]
            content = "".join(json.dumps(line) + "\n" for line in lines).encode()
            entry = tarfile.TarInfo(str(file.relative_to(study)))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return len(files)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, help="folder of the study: results/NAME")
    parser.add_argument("archive", type=Path, help="file to write: a .tar.xz")
    arguments = parser.parse_args()
    print(f"{pack(arguments.study, arguments.archive)} files of predictions in {arguments.archive}")
