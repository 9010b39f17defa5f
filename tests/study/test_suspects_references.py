"""Runs and corpora of lists of suspects, and judged files of suspects, that cannot serve."""

from collections.abc import Callable

import pytest

pytest_plugins = ["study_folder"]

FIGURES = "figures:\n  main: {table: main}\n"


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        ("{corpus: ncbl, runs: [bert]}", ["suspects.doubts.corpus", "did you mean `ncbi`"]),
        ("{corpus: ncbi, runs: [bart]}", ["suspects.doubts.runs[0]", "did you mean `bert`"]),
        ("{corpus: bc2gm, runs: [tuned, bert]}", ["`bert` is not scored on `bc2gm`", "add `bc2gm` to its `evaluate`"]),
        ("{corpus: ncbi, runs: []}", ["suspects.doubts.runs"]),
        ("{corpus: ncbi, runs: [bert], share: 0.5}", ["suspects.doubts.share"]),
    ],
)
def test_a_list_of_suspects_that_cannot_serve_is_an_error(
    message_of: Callable[..., str], settings: str, messages: list[str]
) -> None:
    text = message_of((FIGURES, f"{FIGURES}suspects:\n  doubts: {settings}\n"))
    assert all(message in text for message in messages), text


@pytest.mark.parametrize(
    ("judged", "messages"),
    [
        ("[{corpus: ncbl, path: a.csv}]", ["errors.adjudicated[0].corpus", "did you mean `ncbi`"]),
        ("[{corpus: ncbi, path: a.csv}, {corpus: ncbi, path: b.csv}]", ["suspects of ncbi"]),
    ],
)
def test_judged_suspects_that_cannot_serve_are_an_error(
    message_of: Callable[..., str], judged: str, messages: list[str]
) -> None:
    text = message_of((FIGURES, f"{FIGURES}errors: {{adjudicated: {judged}}}\n"))
    assert all(message in text for message in messages), text
