"""Instruction sets hold exactly what the paper describes, and draws are nested and repeatable."""

import itertools
import json
from pathlib import Path

import pytest

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.instructions import build_mixture, read_instances, render_prompt
from markner.data.sampling import subset, subset_with_share
from markner.errors import MarknerError
from markner.study.schema.corpora import Mixture, Prompt

DISEASE = "Extract all mentions referring to a disease."
SENTENCES = [
    Sentence("a.1", "d1", "No entity here .", (), (), "No entity here ."),
    Sentence("a.2", "d1", "Type 2 diabetes", (Span(0, 15),), (Span(0, 15),), None),
]


def test_the_prompt_is_the_one_of_figure_2() -> None:
    prompt = Prompt()
    instruction = prompt.instruction_text("disease")
    assert render_prompt(prompt.template, instruction, "Identification of APC2") == (
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request.\n\n### Instruction:\nGiven a sentence extract "
        "disease entities from it by highlighting them with <mark> and </mark>. If not present output the same "
        "sentence.\n\n### Input:\nIdentification of APC2\n\n### Response:\n"
    )


def test_placeholders_in_the_parts_of_a_prompt_are_not_replaced() -> None:
    assert render_prompt("{instruction}|{input}|", "{input}", "{instruction}") == "{input}|{instruction}|"


def test_an_enhancement_follows_the_instruction() -> None:
    prompt = Prompt(enhancements={"disease": DISEASE})
    assert prompt.instruction_text("disease").endswith(f"output the same sentence. {DISEASE}")
    assert prompt.instruction_text("gene").endswith("output the same sentence.")


def test_smaller_draws_lie_within_larger_ones() -> None:
    half, tenth = subset(1000, 0.5, seed=3), subset(1000, 0.1, seed=3)
    assert len(half) == 500
    assert len(tenth) == 100
    assert set(tenth) < set(half)
    assert tenth == sorted(tenth)
    assert subset(1000, 0.5, seed=4) != half
    assert subset(10, 1.0, limit=20) == list(range(10))


@pytest.mark.parametrize(
    ("size", "share", "marked"),
    [(20, 0.8, 16), (20, 1.0, 20), (20, 0.0, 0), (60, 0.8, 30), (90, 0.0, 20), (100, 0.5, 30)],
)
def test_a_share_of_the_draw_is_marked_as_far_as_there_are_enough(size: int, share: float, marked: int) -> None:
    kinds = [number % 10 < 3 for number in range(100)]
    drawn = subset_with_share(kinds, share, limit=size)
    assert len(set(drawn)) == size
    assert drawn == sorted(drawn)
    assert sum(kinds[index] for index in drawn) == marked


def test_smaller_draws_of_a_share_lie_within_larger_ones() -> None:
    kinds = [number % 10 < 3 for number in range(100)]
    draws = [set(subset_with_share(kinds, 0.7, limit=size)) for size in range(1, 101)]
    assert all(small < large for small, large in itertools.pairwise(draws))


def test_a_mixture_draws_a_share_of_sentences_with_mentions(tmp_path: Path) -> None:
    rows = [Sentence(str(number), "d", "asthma", (), (Span(0, 6),) if number % 4 == 0 else ()) for number in range(40)]
    write_sentences(tmp_path / "a.jsonl", rows)
    mixture, output = Mixture(corpora=["a"], fraction=0.25, with_mentions=0.8), tmp_path / "mixture.json"
    build_mixture(mixture, Prompt(), {"a": "disease"}, [tmp_path / "a.jsonl"], output, tmp_path / "mixture.csv")
    assert sum("<mark>" in instance.output for instance in read_instances(output)) == 8
    assert len(read_instances(output)) == 10


def test_a_mixture_holds_exactly_three_keys(tmp_path: Path) -> None:
    write_sentences(tmp_path / "a.jsonl", SENTENCES)
    mixture, output, index = Mixture(corpora=["a"]), tmp_path / "mixture.json", tmp_path / "mixture.csv"
    build_mixture(mixture, Prompt(), {"a": "disease"}, [tmp_path / "a.jsonl"], output, index)
    rows = json.loads(output.read_text(encoding="utf-8"))
    assert [set(row) for row in rows] == [{"instruction", "input", "output"}] * 2
    assert [row["output"] for row in rows] == ["No entity here .", "<mark>Type 2 diabetes</mark>"]
    assert index.read_text(encoding="utf-8") == "instance,corpus,sentence\n0,a,a.1\n1,a,a.2\n"
    assert read_instances(output)[1].input == "Type 2 diabetes"


def test_the_splits_of_each_corpus_are_joined_before_the_draw(tmp_path: Path) -> None:
    rows = [
        Sentence(f"{corpus}.{split}.{number}", "d", f"{corpus} {split} {number}")
        for corpus in "ab"
        for split in ("train", "dev")
        for number in range(4)
    ]
    for first in range(0, 16, 4):
        write_sentences(tmp_path / f"{first}.jsonl", rows[first : first + 4])
    mixture, output, index = (
        Mixture(corpora=["a", "b"], split=["train", "dev"]),
        tmp_path / "m.json",
        tmp_path / "m.csv",
    )
    files = [tmp_path / f"{first}.jsonl" for first in range(0, 16, 4)]
    build_mixture(mixture, Prompt(), {"a": "disease", "b": "gene"}, files, output, index)
    assert [instance.input for instance in read_instances(output)] == [row.text for row in rows]
    half = mixture.model_copy(update={"fraction": 0.5})
    build_mixture(half, Prompt(), {"a": "disease", "b": "gene"}, files, output, index)
    drawn = [*subset(8, 0.5, None, 1), *(8 + place for place in subset(8, 0.5, None, 1))]
    assert [instance.input for instance in read_instances(output)] == [rows[place].text for place in drawn]


def test_a_sentence_without_a_released_form_is_named(tmp_path: Path) -> None:
    write_sentences(tmp_path / "a.jsonl", SENTENCES)
    with pytest.raises(MarknerError, match=r"a\.2 of a is not in the author release"):
        build_mixture(
            Mixture(corpora=["a"], annotation_scheme="released"),
            Prompt(),
            {"a": "disease"},
            [tmp_path / "a.jsonl"],
            tmp_path / "mixture.json",
            tmp_path / "mixture.csv",
        )
    assert not (tmp_path / "mixture.json").exists()


@pytest.mark.parametrize("text", ["{}", '[{"instruction": "", "input": ""}]', "[1]", "nonsense"])
def test_a_malformed_set_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "mixture.json").write_text(text, encoding="utf-8")
    with pytest.raises(MarknerError, match=r"mixture\.json"):
        read_instances(tmp_path / "mixture.json")
