import csv
import re
import unicodedata
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from span_strategies import Spans, span_lists, spans

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.instructions import Drawn, Instance, instance, write_instances
from markner.evaluation.matching import strict_counts
from markner.evaluation.significance import compare
from markner.evaluation.strata import (
    ALL,
    COLUMNS,
    KINDS,
    TEST_COLUMNS,
    strata_of,
    stratum_counts,
    training_mentions,
    write_strata,
)
from markner.markup import MARKS, Marks, unmark
from markner.predictions import Prediction, write_predictions
from markner.study.schema.corpora import Prompt
from markner.study.schema.strata import TrainingSource
from markner.study.schema.study import Scoring

OWN = TrainingSource(instructions="mixture", origin="run")
LENT = TrainingSource(corpus="diseases", origin="corpus")
SCORING = Scoring(resamples=200)


def sentence(name: str, text: str, *mentions: str) -> Sentence:
    """A sentence in which these stretches are gold mentions."""
    return Sentence(name, "d", text, (), found(text, *mentions))


def found(text: str, *mentions: str) -> Spans:
    return tuple(sorted(Span(text.index(each), text.index(each) + len(each)) for each in mentions))


TEXTS = st.text("aB1 -(),", min_size=30, max_size=30)


@given(
    st.lists(st.tuples(TEXTS, span_lists(), span_lists()), min_size=1, max_size=4),
    st.sets(st.text("ab1 -", max_size=4)),
)
def test_the_strata_of_each_kind_add_up_to_the_whole(
    corpus: list[tuple[str, Spans, Spans]], training: set[str]
) -> None:
    sentences = [Sentence(f"s{number}", "d", text, (), gold) for number, (text, gold, _) in enumerate(corpus)]
    predicted = [answer for _, _, answer in corpus]
    whole = strict_counts([each.spans for each in sentences], predicted)
    kinds = strata_of(frozenset(training))
    assert set(kinds) == set(KINDS)
    for kind, stratum_of in kinds.items():
        parts = stratum_counts(sentences, predicted, kind, stratum_of)
        assert set(parts) == set(KINDS[kind])
        for name in ("tp", "fp", "fn"):
            assert sum(getattr(part, name) for part in parts.values()).tolist() == getattr(whole, name).tolist()


@pytest.mark.parametrize(
    ("mention", "words"),
    [
        ("fever", "one word"),
        ("IL - 2", "one word"),  # a token corpus' form of IL-2
        ("IL-2", "one word"),
        ("breast cancer", "two words"),
        ("Lesch - Nyhan syndrome", "two words"),
        ("acute renal failure", "three or more words"),
        ("cancer of the left breast", "three or more words"),
    ],
)
def test_words_are_the_same_in_tokenized_and_raw_text(mention: str, words: str) -> None:
    one = sentence("s", f"With {mention} .", mention)
    assert strata_of(None)["words"](one, one.spans[0]) == words


def test_seen_is_what_stands_in_training_whatever_its_case_and_the_spaces_beside_its_punctuation() -> None:
    one = sentence("s", "IL - 2 and Breast  Cancer or Breastcancer .", "IL - 2", "Breast  Cancer", "Breastcancer")
    stratum = strata_of(frozenset({"il-2", "breast cancer"}))["training"]
    assert [stratum(one, span) for span in one.spans] == ["seen", "seen", "unseen"]


def test_a_tuned_model_has_seen_the_mentions_of_its_instruction_set(tmp_path: Path) -> None:
    rows = [Instance("Mark.", "A fever , an IL - 2 .", "A <mark>Fever</mark> , an <mark>IL - 2</mark> .")]
    write_instances(rows, [("c", "s1")], tmp_path / "set.json", tmp_path / "index.csv")
    assert training_mentions([tmp_path / "set.json"], OWN, 1) == {"fever", "il-2"}


@pytest.mark.parametrize(
    ("mention", "marks"),
    [("maladie de Me\u0301nie\u0300re", MARKS), ("benzo[a]pyrene", Marks("[", "]")), ("p<mark>53", MARKS)],
)
def test_a_mention_has_been_seen_in_the_form_that_the_instruction_set_has(
    tmp_path: Path, mention: str, marks: Marks
) -> None:
    one = sentence("s1", f"A {mention} .", mention)
    row = instance({"disease": Drawn("c", one)}, Prompt(marks=[*marks]))
    write_instances([row], [("c", "s1")], tmp_path / "set.json", tmp_path / "index.csv")
    seen = training_mentions([tmp_path / "set.json"], OWN.model_copy(update={"marks": tuple(marks)}), 1)
    assert [strata_of(seen)["training"](one, span) for span in one.spans] == ["seen"]


def test_letters_and_their_accents_are_no_words_of_their_own() -> None:
    for form in ("NFC", "NFD"):
        mention = unicodedata.normalize(form, "diabète sucré")
        one = sentence("s", f"A {mention} .", mention)
        assert strata_of(None)["words"](one, one.spans[0]) == "two words"


def test_an_encoder_has_seen_the_sentences_that_its_seed_draws(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(20)]
    write_sentences(tmp_path / "train.jsonl", [sentence(name, f"A {name} .", name) for name in names])
    source = TrainingSource(corpus="c", fraction=0.5, origin="run")
    draws = [training_mentions([tmp_path / "train.jsonl"], source, seed) for seed in (1, 1, 2)]
    assert [len(draw) for draw in draws] == [10, 10, 10]
    assert draws[0] == draws[1] != draws[2]
    assert training_mentions([tmp_path / "train.jsonl"], LENT, 1) == set(names)


def test_a_final_encoder_has_seen_the_sentences_of_both_splits(tmp_path: Path) -> None:
    files = [tmp_path / "train.jsonl", tmp_path / "dev.jsonl"]
    for file, name in zip(files, ("fever", "cough"), strict=True):
        write_sentences(file, [sentence(name, f"A {name} .", name)])
    source = TrainingSource(corpus="c", split=["train", "dev"], origin="run")
    assert training_mentions(files, source, 1) == {"fever", "cough"}


GOLD = [
    sentence("s1", "Fever and lupus nephritis .", "Fever", "lupus nephritis"),
    sentence("s2", "Acute Lyme disease ( ALD ) .", "Acute Lyme disease", "ALD"),
    sentence("s3", "No illness here .", *()),
    sentence("s4", "Nothing at all .", *()),
]
ANSWERS = {
    # A miss in s1, a wrong boundary in s2, an invention in s3.
    "good": [found(GOLD[0].text, "Fever"), found(GOLD[1].text, "Lyme disease", "ALD"), found(GOLD[2].text, "illness")],
    "none": [(), (), ()],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two runs on four sentences. `good` was trained on two of the mentions; the other is lent the training split."""
    write_sentences(tmp_path / "test.jsonl", GOLD)
    write_sentences(tmp_path / "train.jsonl", [sentence("t1", "A fever , lupus nephritis", "fever", "lupus nephritis")])
    rows = [Instance("Mark.", "fever of ALD", "<mark>fever</mark> of <mark>ALD</mark>")]
    write_instances(rows, [("c", "t1")], tmp_path / "set.json", tmp_path / "index.csv")
    for run, answers in ANSWERS.items():
        predictions = [Prediction(each.id, found, "ok") for each, found in zip(GOLD, [*answers, ()], strict=True)]
        write_predictions(tmp_path / f"{run}.jsonl", predictions)
    return tmp_path


def written(folder: Path, runs: dict[str, list[int]], training: bool = True) -> tuple[list[dict[str, str]], ...]:
    """Rows of scores and of tests."""
    sources = {"good": (OWN, [folder / "set.json"]), "none": (LENT, [folder / "train.jsonl"])}
    outputs = folder / "scores.csv", folder / "tests.csv"
    write_strata(
        folder / "test.jsonl",
        {run: dict.fromkeys(seeds, folder / f"{run}.jsonl") for run, seeds in runs.items()},
        {run: sources[run] for run in runs} if training else {},
        SCORING,
        2000,
        *outputs,
    )
    return tuple(list(csv.DictReader(path.open(encoding="utf-8"))) for path in outputs)


def counts(rows: list[dict[str, str]], run: str) -> dict[str, tuple[int, int, int]]:
    return {row["stratum"]: (int(row["tp"]), int(row["fp"]), int(row["fn"])) for row in rows if row["run"] == run}


def test_misses_count_by_the_gold_mention_and_inventions_by_the_prediction(files: Path) -> None:
    rows, _ = written(files, {"good": [1], "none": [1]})
    assert counts(rows, "good") == {
        ALL: (2, 2, 2),
        "seen": (2, 0, 0),  # Fever, ALD
        "unseen": (0, 2, 2),
        "one word": (2, 1, 0),  # illness is invented
        "two words": (0, 1, 1),  # Lyme disease; lupus nephritis is missed
        "three or more words": (0, 0, 1),
        "abbreviation": (1, 0, 0),
        "no abbreviation": (1, 2, 2),
        "with mentions": (2, 1, 2),
        "without mentions": (0, 1, 0),
    }
    assert counts(rows, "none")["seen"] == (0, 0, 2)  # Fever, lupus nephritis
    assert {row["run"]: row["origin"] for row in rows} == {"good": "run", "none": "corpus"}
    by_stratum = {row["stratum"]: row for row in rows if row["run"] == "good"}
    assert (by_stratum["without mentions"]["sentences"], by_stratum["without mentions"]["unmarked"]) == ("2", "1")
    assert (by_stratum["with mentions"]["sentences"], by_stratum["seen"]["sentences"]) == ("2", "4")
    assert (by_stratum["seen"]["f1"], by_stratum["seen"]["f1_low"]) == ("1.0", "0.0")
    assert tuple(by_stratum["seen"]) == COLUMNS


def test_the_worked_example_of_the_documentation() -> None:
    section = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").partition("## Strata")[2].partition("\n## ")[0]
    text, gold = unmark(re.findall(r"^Gold: `(.*)`$", section, re.MULTILINE)[0])
    same_text, answer = unmark(re.findall(r"^Answer: `(.*)`$", section, re.MULTILINE)[0])
    training, mentions = unmark(re.findall(r"Training data: `(.*)`", section)[0])
    assert text == same_text
    seen = frozenset(training[slice(*span)].lower() for span in mentions)
    found = {ALL: strict_counts([gold], [answer])}
    for kind, stratum_of in strata_of(seen).items():
        found |= stratum_counts([Sentence("s", "d", text, (), gold)], [answer], kind, stratum_of)
    rows = re.findall(r"^\| ([a-z ]+) \| (\d) \| (\d) \| (\d) \|", section, re.MULTILINE)
    assert len(rows) == 7
    for stratum, *numbers in rows:
        assert [str(int(part[0])) for part in (found[stratum].tp, found[stratum].fp, found[stratum].fn)] == numbers


def test_without_training_data_nothing_is_seen_or_unseen(files: Path) -> None:
    rows, tests = written(files, {"good": [1], "none": [1]}, training=False)
    assert {row["kind"] for row in rows} == {ALL, *KINDS} - {"training"}
    assert {row["kind"] for row in tests} == set(KINDS) - {"training"}


def test_a_pair_is_tested_on_what_either_of_the_two_has_seen(files: Path) -> None:
    _, tests = written(files, {"good": [1, 2], "none": [1]})
    assert tuple(tests[0]) == TEST_COLUMNS
    values = {row["stratum"]: (float(row["f1_a"]), float(row["f1_b"])) for row in tests}
    assert values["seen"] == (0.8, 0)  # Fever and ALD of Fever, ALD, lupus nephritis: P = 1, R = 2/3
    assert values["unseen"] == (0, 0)
    assert values["without mentions"] == (0.5, 1)  # the share of sentences without a mark
    assert {row["seeds_a"] for row in tests} == {"2"}


def test_a_stratum_that_holds_all_mentions_is_tested_as_the_whole(tmp_path: Path) -> None:
    gold = [sentence(f"s{number}", "A fever .", "fever") for number in range(12)]
    write_sentences(tmp_path / "test.jsonl", gold)
    for run, right in (("a", 9), ("b", 2)):
        answers = [Prediction(f"s{n}", spans((2, 7 if n < right else 4)), "ok") for n in range(12)]
        write_predictions(tmp_path / f"{run}.jsonl", answers)
    paths = {run: tmp_path / f"{run}.jsonl" for run in "ab"}
    compare(tmp_path / "test.jsonl", {run: [path] for run, path in paths.items()}, SCORING, 2000, tmp_path / "all.csv")
    places = {run: {1: path} for run, path in paths.items()}
    write_strata(tmp_path / "test.jsonl", places, {}, SCORING, 2000, tmp_path / "scores.csv", tmp_path / "tests.csv")
    whole = next(csv.DictReader((tmp_path / "all.csv").open(encoding="utf-8")))
    parts = {row["stratum"]: row for row in csv.DictReader((tmp_path / "tests.csv").open(encoding="utf-8"))}
    for name in ("f1_a", "f1_b", "difference", "low", "high", "effect", "p", "p_holm", "significant"):
        assert parts["with mentions"][name] == whole[name]


def test_the_same_input_gives_the_same_bytes(files: Path) -> None:
    outputs = files / "scores.csv", files / "tests.csv"
    written(files, {"good": [1], "none": [1]})
    before = [path.read_bytes() for path in outputs]
    written(files, {"good": [1], "none": [1]})
    assert [path.read_bytes() for path in outputs] == before
