"""Whether a ratio fell by more than a third below the committed one; exits with 1 if so.

python bench/check.py [COMMIT]

Compares the tables in docs/measured/bench/ with those of a commit, HEAD by default. Ratios are the columns `x PEER`.
"""

import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
from report import FOLDER

KEPT = 2 / 3


def fallen(committed: pd.DataFrame, measured: pd.DataFrame) -> list[str]:
    """Return a line for each ratio of a table that is less than two thirds of the committed one, or no longer there.

    Rows belong together if they have the same name, which is the first column, and as many sentences.
    """
    names = [committed.columns[0], *({"sentences"} & set(committed.columns))]
    ratios = [column for column in committed.columns if column.startswith("x ")]
    now = measured.set_index(names).reindex(columns=ratios)
    lines = []
    for row, values in committed.set_index(names)[ratios].iterrows():
        for column, before in values.items():
            after = now[column].get(row, float("nan"))
            if not after >= KEPT * before:
                lines.append(f"{row}: {column} is {after:.2f}, and {before:.2f} is committed")
    return lines


def main(commit: str = "HEAD") -> None:
    """Compare all tables."""
    lines = []
    for path in sorted(Path(FOLDER).glob("*.csv")):
        old = subprocess.run(["git", "show", f"{commit}:./{path}"], capture_output=True, text=True, check=False)
        if old.returncode == 0:
            lines += [
                f"{path.stem}: {line}" for line in fallen(pd.read_csv(io.StringIO(old.stdout)), pd.read_csv(path))
            ]
    if lines:
        sys.exit("\n".join(["Ratios that fell by more than a third:", *lines]))
    print("No ratio fell by more than a third below the committed one.")


if __name__ == "__main__":
    main(*sys.argv[1:])
