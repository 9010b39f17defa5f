"""Read a person's judgements of errors: the columns of the errors file that are filled in by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markner.errors import MarknerError
from markner.evaluation.mention_errors import KINDS, SUB_KINDS, Error
from markner.evaluation.pairing import first_few
from markner.files import read_csv

NO_ERROR = "none"
"""The kind for an error of the gold, or for an error that repeats another row."""

_NEEDED = ("error", "adjudicated_kind", "comment")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A person's judgement of an error.

    `kind` is a `Kind`, `NO_ERROR`, or empty if it is not judged. `sub_kind` is a `SubKind`, or empty if the sub-kind of
    the rule is right.
    """

    kind: str
    sub_kind: str
    comment: str


UNJUDGED = Judgement("", "", "")
"""The judgement of an error that nobody has judged."""


def read_judgements(path: Path, place: Mapping[str, str], errors: Iterable[Error]) -> dict[str, Judgement]:
    """Read the judgements of the errors of one run, seed and corpus, or of suspects of a corpus; rows may be missing.

    A suspect that is no error of the run is left out: another run makes it, or it is in another split.

    Args:
        path: CSV with the columns error, adjudicated_kind, comment, those of `place`, and any others;
            adjudicated_sub_kind is read if it is there.
        place: The values that the columns corpus, run and seed must have; of a file of suspects, corpus alone.
        errors: All errors of this run, seed and corpus.

    Returns:
        By the error's identifier.

    Raises:
        MarknerError: A column is missing, a row is of another run, seed or corpus, names an unknown error or
            stands twice, or has a kind that is not allowed; the message names file, line and column.
    """
    known = {error.id: error for error in errors}
    judged: dict[str, Judgement] = {}
    strangers: list[str] = []
    header, rows = read_csv(path)
    if absent := [f"`{name}`" for name in (*_NEEDED, *place) if name not in header]:
        raise MarknerError(
            f"{path}, line 1: no column {', '.join(absent)}",
            "save the file of errors as CSV with commas and its own first line",
        )
    for line, cells in rows:
        row = {name: cell.strip() for name, cell in cells.items()}
        for column, value in place.items():
            if row[column] != value:
                raise MarknerError(
                    f"{path}, line {line}, column `{column}`: {row[column]!r} where {value!r} is analysed",
                    "give each run, seed and corpus its own file",
                )
        name, kind = row["error"], row["adjudicated_kind"].lower()
        if name in judged:
            raise MarknerError(f"{path}, line {line}, column `error`: {name!r} a second time", "keep one of the rows")
        if name not in known:
            strangers.append(f"{name!r} (line {line})")
            continue
        lacks = {"missing": known[name].gold is None, "wrong": known[name].predicted is None}
        if kind not in {"", *KINDS, NO_ERROR} or lacks.get(kind, False):
            allowed = [other for other in (*KINDS, NO_ERROR) if not lacks.get(other, False)]
            raise MarknerError(
                f"{path}, line {line}, column `adjudicated_kind`: {row['adjudicated_kind']!r} is no kind of this error",
                f"write one of {', '.join(allowed)}; `{NO_ERROR}` for a row that is no error or repeats another row",
            )
        sub_kind = row.get("adjudicated_sub_kind", "").lower()
        if sub_kind not in {"", *SUB_KINDS}:
            raise MarknerError(
                f"{path}, line {line}, column `adjudicated_sub_kind`: {row['adjudicated_sub_kind']!r} is no sub-kind",
                f"write one of {', '.join(SUB_KINDS)}, or nothing where the rule's is right",
            )
        judged[name] = Judgement(kind, sub_kind, row["comment"])
    if strangers and "run" in place:
        raise MarknerError(
            f"{path}, column `error`: {first_few(strangers)} not among the errors of {', '.join(place.values())}",
            "the predictions have changed since; judge the new file of errors",
        )
    return judged


def check_complete(path: Path, judged: Mapping[str, Judgement], sampled: Sequence[Error]) -> None:
    """Raise a MarknerError unless every error of the sample has a kind by a person."""
    left = [error.id for error in sampled if not judged.get(error.id, UNJUDGED).kind]
    if left:
        raise MarknerError(
            f"{path}: {len(left)} of the {len(sampled)} errors of the sample have no `adjudicated_kind`:"
            f" {first_few(left)}",
            "judge them all, or take the file out of `adjudicated` until then",
        )
