"""Runs and corpora of calibrations that cannot serve."""

from collections.abc import Callable

import pytest

pytest_plugins = ["study_folder"]

FIGURES = "figures:\n  main: {table: main}\n"


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        ("{corpus: ncbl, runs: [bert]}", ["calibrations.sure.corpus", "did you mean `ncbi`"]),
        ("{corpus: ncbi, runs: [bart]}", ["calibrations.sure.runs[0]", "did you mean `bert`"]),
        ("{corpus: bc2gm, runs: [tuned, bert]}", ["`bert` is not scored on `bc2gm`", "add `bc2gm` to its `evaluate`"]),
        ("{corpus: ncbi, runs: [bert], fit: bc2gm}", ["calibrations.sure.fit", "no run of this calibration is scored"]),
        ("{corpus: ncbi, runs: [bert], fit: ncbi}", ["fitted on the sentences that they are judged on"]),
        ("{corpus: ncbi, runs: []}", ["calibrations.sure.runs"]),
    ],
)
def test_a_calibration_that_cannot_serve_is_an_error(
    message_of: Callable[..., str], settings: str, messages: list[str]
) -> None:
    text = message_of((FIGURES, f"{FIGURES}calibrations:\n  sure: {settings}\n"))
    assert all(message in text for message in messages), text


def test_a_calibration_may_not_have_the_files_of_a_figure(message_of: Callable[..., str]) -> None:
    text = message_of((FIGURES, f"{FIGURES}calibrations:\n  main: {{corpus: ncbi, runs: [bert]}}\n"))
    assert "`figures.main` has the same files" in text
    assert "rename it, for example to `main-calibration`" in text


def test_no_temperature_is_fitted_on_training_sentences(message_of: Callable[..., str]) -> None:
    corpus = "{entity: disease, variant: tokenized, tokenized: {format: iob, test: data/dev.tsv}}"
    text = message_of(
        ("  bc2gm:\n    entity: gene", f"  dev: {corpus}\n  bc2gm:\n    entity: gene"),
        (
            "    corpus: ncbi\n    evaluate: [ncbi]",
            "    corpus: ncbi\n    split: [train, dev]\n    evaluate: [ncbi, dev]",
        ),
        (FIGURES, f"{FIGURES}calibrations:\n  sure: {{corpus: ncbi, runs: [bert], fit: dev}}\n"),
    )
    assert "calibrations.sure.runs[0]" in text
    assert "`bert` is trained on the sentences of `dev`" in text
