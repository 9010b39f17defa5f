import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from span_strategies import Spans, span_lists, spans

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.formats import bc2gm, iob
from markner.errors import MarknerError
from markner.evaluation.matching import Counts
from markner.evaluation.official import (
    Reference,
    official_counts,
    official_score,
    read_alternatives,
    references_of,
    without_spaces,
)
from markner.predictions import Prediction, write_predictions
from markner.study.schema.study import Scoring

# What README.GM and the README of the training files say, on sentences of our own.
SENTENCES = """\
S1 The human beta actin gene and TNF-alpha receptor bind.
S2 Nothing is named here.
S3 IL-2 (interleukin 2) rises.
"""
GENES = "S1|8 16|beta actin\nS1|24 40|TNF-alpha receptor\nS3|0 3|IL-2\nS3|5 16|interleukin 2\n"
ALTERNATIVES = "S1|3 16|human beta actin\nS1|8 20|beta actin gene\nS1|24 32|TNF-alpha\nS3|0 17|IL-2 (interleukin 2)\n"


@pytest.fixture
def native(tmp_path: Path) -> list[Path]:
    contents = {"test.in": SENTENCES, "GENE.eval": GENES, "ALTGENE.eval": ALTERNATIVES}
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return [tmp_path / name for name in contents]


def totals(counts: Counts) -> tuple[float, float, float]:
    return float(counts.tp.sum()), float(counts.fp.sum()), float(counts.fn.sum())


def evaluated(native: list[Path], mentions: str) -> tuple[float, float, float]:
    """TP, FP, FN of a mention file in the form that README.GM asks for."""
    file = native[0].with_name("mentions")
    file.write_text(mentions, encoding="utf-8")
    found = [
        without_spaces(document.text, [Span(m.start, m.end) for m in document.mentions])
        for document in bc2gm.read(native[0], file)
    ]
    references = [reference for group in read_alternatives(*native).values() for reference in group]
    return totals(official_counts(references, found))


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        # "Multiple mentions from the same sentence should appear on separate lines."
        pytest.param(GENES, (4, 0, 0), id="the gold itself"),
        # "A sentence is not required to have any mentions."
        pytest.param("", (0, 0, 4), id="nothing found"),
        pytest.param("S2|0 6|Nothing\n", (0, 1, 4), id="a mention where there is none"),
        # "The start and end offsets do not count white space characters."
        pytest.param("S1|10 19|beta actin\n", (0, 1, 4), id="offsets that count spaces"),
        # "Anything after the vertical bar following the end-offset, will be ignored for evaluation purposes."
        pytest.param("S1|8 16|what|ever\nS3|0 3|\n", (2, 0, 2), id="the text is ignored"),
        # "Acceptable alternatives to the gold standard names ... will count as true positives."
        pytest.param("S1|3 16|human beta actin\n", (1, 0, 3), id="a longer alternative"),
        pytest.param("S1|24 32|TNF-alpha\n", (1, 0, 3), id="a shorter alternative"),
        pytest.param("S1|3 20|human beta actin gene\n", (0, 1, 4), id="no alternative"),
        # What the program makes of more than one answer.
        pytest.param("S1|8 16|beta actin\nS1|3 16|human beta actin\n", (1, 0, 3), id="gold and its alternative"),
        pytest.param("S1|3 16|human beta actin\nS1|8 20|beta actin gene\n", (1, 0, 3), id="two alternatives"),
        pytest.param("S3|0 17|IL-2 (interleukin 2)\n", (2, 0, 2), id="one alternative of two mentions"),
    ],
)
def test_the_rules_of_the_readme(native: list[Path], mentions: str, expected: tuple[int, int, int]) -> None:
    assert evaluated(native, mentions) == expected


def test_a_subset_of_the_sentences_is_scored_by_itself(native: list[Path]) -> None:
    """README, cross validation: mentions of other sentences play no part."""
    rows = [Sentence("x", "", "IL-2 ( interleukin 2 ) rises .")]
    references = references_of(rows, read_alternatives(*native))
    assert totals(official_counts(references, [spans((0, 4))])) == (1, 0, 1)


def alt_eval(gold: Spans, alternatives: Spans, found: list[Span]) -> tuple[int, int, int]:
    """The program's two loops, offset by offset: an implementation of its own."""
    cells = {span: set(range(*span)) for span in (*gold, *alternatives, *found)}
    tp = 0
    for mention in gold:
        for answer in found:
            if answer == mention or any(answer == other and cells[other] & cells[mention] for other in alternatives):
                tp += 1
                break
    fp = 0
    for answer in found:
        if all(answer != other for other in gold) and all(answer != other for other in alternatives):
            fp += 1
    return tp, fp, len(gold) - tp


any_spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 5)).map(lambda pair: Span(pair[0], sum(pair))), max_size=6
)


@given(any_spans, any_spans, span_lists(17))
def test_counts_equal_the_loops_of_the_program(gold: list[Span], alternatives: list[Span], found: Spans) -> None:
    reference = Reference(tuple(gold), tuple(alternatives))
    expected = alt_eval(reference.gold, reference.alternatives, list(found))
    assert totals(official_counts([reference], [found])) == expected


def test_an_alternative_of_no_gold_mention_counts_for_nothing() -> None:
    reference = Reference(spans((0, 4)), spans((6, 9)))
    assert totals(official_counts([reference], [spans((6, 9))])) == (0, 0, 1)


def test_touching_is_not_overlapping() -> None:
    reference = Reference(spans((0, 4)), spans((4, 9)))
    assert totals(official_counts([reference], [spans((4, 9))])) == (0, 0, 1)


def test_spans_lose_spaces_inside_and_at_their_edges() -> None:
    assert without_spaces("a  bc d", spans((0, 3), (1, 5), (6, 7))) == spans((0, 1), (1, 3), (3, 4))
    assert without_spaces("a\u2003b", spans((2, 3))) == spans((1, 2))


def test_sentences_of_both_routes_find_their_reference(native: list[Path]) -> None:
    references = read_alternatives(*native)
    raw = Sentence("r", "S1", "The human beta actin gene and TNF-alpha receptor bind.")
    tokenized = Sentence("t", "", "The human beta actin gene and TNF - alpha receptor bind .")
    one, two = references_of([raw, tokenized], references)
    assert one == two == Reference(spans((8, 17), (24, 41)), spans((3, 17), (8, 21), (24, 33)))
    assert without_spaces(tokenized.text, spans((30, 50))) == spans((24, 41))


def test_a_sentence_that_is_not_in_the_files_is_named(native: list[Path]) -> None:
    with pytest.raises(MarknerError, match="sentence 'x' is not in the native files: 'Another one'"):
        references_of([Sentence("x", "", "Another one")], read_alternatives(*native))


def test_equal_texts_with_unlike_annotations_are_told_apart(tmp_path: Path) -> None:
    files = {"a.in": "A IL-2 gene\nB IL-2 gene\n", "G": "A|0 3|IL-2\nB|0 7|IL-2 gene\n", "ALT": "B|0 3|IL-2\n"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    references = read_alternatives(*(tmp_path / name for name in files))
    first, second = (Sentence("s", "", "IL - 2 gene", spans(pair)) for pair in ((0, 6), (0, 11)))
    assert references_of([second, first, second], references) == [
        Reference(spans((0, 8)), spans((0, 4))),
        Reference(spans((0, 4)), ()),
        Reference(spans((0, 8)), spans((0, 4))),
    ]


def test_damage_to_the_alternatives_is_named(native: list[Path]) -> None:
    native[2].write_text("S1|90 99|beyond\n", encoding="utf-8")
    with pytest.raises(MarknerError, match=r"ALTGENE\.eval, line 1: characters 90 to 99"):
        read_alternatives(*native)


def test_the_file_of_scores(tmp_path: Path, native: list[Path]) -> None:
    texts = ["The human beta actin gene and TNF - alpha receptor bind .", "IL-2 ( interleukin 2 ) rises ."]
    rows = [Sentence(str(n), "", text) for n, text in enumerate(texts)]
    answers = [Prediction("1", spans((23, 28)), "ok"), Prediction("0", spans((4, 20), (30, 50)), "ok")]
    write_sentences(tmp_path / "test.jsonl", rows)
    write_predictions(tmp_path / "found.jsonl", answers)
    for name in ("one.json", "two.json"):
        official_score(
            tmp_path / "test.jsonl", tmp_path / "found.jsonl", native, Scoring(), "run", "genes", tmp_path / name
        )
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    scores = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert (scores["run"], scores["corpus"], scores["sentences"]) == ("run", "genes", 2)
    assert (scores["gold_mentions"], scores["alternatives"], scores["predicted_mentions"]) == (4, 4, 3)
    official = scores["official"]
    assert (official["tp"], official["fp"], official["fn"], official["by_alternative"]) == (2, 1, 2, 1)
    assert (official["precision"], official["recall"], official["f1"]) == (0.666667, 0.5, 0.571429)
    assert official["f1_interval"][0] <= official["f1"] <= official["f1_interval"][1]


def test_files_that_do_not_belong_together_are_named(tmp_path: Path, native: list[Path]) -> None:
    write_sentences(tmp_path / "test.jsonl", [Sentence("0", "", "IL-2 (interleukin 2) rises.")])
    write_predictions(tmp_path / "found.jsonl", [])
    paths = (tmp_path / "test.jsonl", tmp_path / "found.jsonl")
    with pytest.raises(MarknerError, match="no prediction for sentence '0'"):
        official_score(*paths, native, Scoring(), "run", "genes", tmp_path / "out.json")
    with pytest.raises(MarknerError, match="genes: the official score takes 3 native files, found 2"):
        official_score(*paths, native[:2], Scoring(), "run", "genes", tmp_path / "out.json")


@pytest.fixture(scope="module")
def real(corpora_mirror: Path) -> list[Path]:
    return [corpora_mirror / "bc2gm" / "test" / name for name in ("test.in", "GENE.eval", "ALTGENE.eval")]


def native_sentences(real: list[Path]) -> list[Sentence]:
    documents = bc2gm.read(real[0], real[1])
    return [Sentence("", "", each.text, tuple(Span(m.start, m.end) for m in each.mentions)) for each in documents]


@pytest.mark.corpora
def test_every_sentence_of_both_routes_is_in_the_real_files(real: list[Path], corpora_mirror: Path) -> None:
    references = read_alternatives(*real)
    tagged = iob.read(corpora_mirror / "bc2gm" / "conll" / "test.tsv", None)
    tokenized = [Sentence("", "", row.text, tuple(row.spans())) for row in tagged]
    found = references_of(tokenized, references)
    assert len(found) == 5000
    assert found == references_of(native_sentences(real), references)
    assert sum(len(reference.gold) for reference in found) == 6331
    assert sum(len(reference.alternatives) for reference in found) == 5068
    gold = [without_spaces(row.text, row.mentions) for row in tokenized]
    # The 6 mentions of GENE.eval that overlap another cannot be in an IOB file; 3 of them have an alternative in it.
    assert totals(official_counts(found, gold)) == (6328, 0, 3)


@pytest.mark.corpora
@pytest.mark.parametrize(("seed", "expected"), [(1, (3748, 1276, 2583)), (2, (3692, 1251, 2639))])
def test_real_counts_are_those_of_the_original_program(
    real: list[Path], seed: int, expected: tuple[int, int, int]
) -> None:
    """`expected` is what the loops of alt_eval.perl, run by perl on the real files, gave for these answers."""
    references = references_of(native_sentences(real), read_alternatives(*real))
    assert totals(official_counts(references, some_answers(references, seed))) == expected


def some_answers(references: list[Reference], seed: int) -> list[tuple[Span, ...]]:
    """Some of the gold, some alternatives, some of both moved by a character."""
    generator = random.Random(seed)
    answers = []
    for reference in references:
        found = {span for span in (*reference.gold, *reference.alternatives) if generator.random() < 0.4}
        found |= {Span(start + 1, end) for start, end in reference.gold if end - start > 1 and generator.random() < 0.2}
        answers.append(tuple(sorted(found)))
    return answers
