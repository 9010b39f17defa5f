"""Typed marks: mentions of several types in one text come back, and each instruction names the annotated types only."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.instructions import build_mixture, read_instances
from markner.errors import MarknerError
from markner.markup import Marks, TypedMarks, align, escape_marks, mark_types, strip_marks
from markner.study.params import EntityPrompt
from markner.study.schema.corpora import Mixture, Prompt

ANGLES = {kind: [f"<{kind}>", f"</{kind}>"] for kind in ("disease", "chemical", "gene")}
PROMPT = Prompt(marks_by_type=ANGLES)
MARKS = TypedMarks(tuple(ANGLES), tuple(Marks(*pair) for pair in ANGLES.values()))
TYPED = [
    MARKS,
    TypedMarks(("a", "b"), (Marks("[", "]"), Marks("{", "}"))),
    TypedMarks(("a", "b"), (Marks("@@", "##"), Marks("$$", "%%"))),
    TypedMarks(("a", "b"), (Marks("<a", "a>"), Marks("<b", "b>"))),
    TypedMarks(("a", "b"), (Marks("#@", "@#"), Marks("$#", "@$"))),
]


@given(st.sampled_from(TYPED), st.data())
def test_any_text_with_any_mentions_of_several_types_comes_back(marks: TypedMarks, data: st.DataObject) -> None:
    signs = st.sampled_from([*marks, *"".join(marks), *(each[:-1] for each in marks), *"ae ‹［é"])
    text = "".join(data.draw(st.lists(signs, max_size=12)))
    spans = {}
    for kind in marks.types:
        places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
        spans[kind] = tuple(Span(*pair) for pair in list(pairwise(places))[:: data.draw(st.sampled_from([1, 2]))])
    marked = mark_types(text, spans, marks)
    escaped = escape_marks(text, marks)
    before = 0
    for kind in marks.types:
        stripped = strip_marks(marked, marks, kind)
        assert (stripped.text, stripped.spans, stripped.defect) == (escaped, spans[kind], None)
        opening, closing = marks.pairs[marks.types.index(kind)]
        places = [marked[slice(*place)] for place in stripped.places]
        assert all(place.startswith(opening) and place.endswith(closing) for place in places)
        if text and not any(sign.isspace() for sign in text):
            aligned = align(text, marked, marks=marks, entity=kind)
            assert (aligned.spans, aligned.status) == (spans[kind], "ok")
            assert aligned.sources == tuple(range(before, before + len(spans[kind]))), "also of adjacent mentions"
        before += len(spans[kind])


def test_mentions_of_different_types_may_be_nested_or_cross() -> None:
    text = "lithium toxicity gene"
    nested = {"chemical": [Span(0, 7)], "disease": [Span(0, 16)]}
    assert mark_types(text, nested, MARKS) == "<disease><chemical>lithium</chemical> toxicity</disease> gene"
    crossing = "<disease>lithium <gene>toxicity</disease> gene</gene>"
    assert align(text, crossing, marks=MARKS, entity="disease").spans == (Span(0, 16),)
    gene = align(text, crossing, marks=MARKS, entity="gene")
    assert (gene.spans, gene.status, gene.sources) == ((Span(8, 21),), "ok", (1,))
    assert align(text, crossing, marks=MARKS, entity="chemical").spans == ()
    # A defect counts for its type alone.
    broken = "<gene><gene>lithium</gene></gene> <disease>toxicity</disease> gene"
    assert align(text, broken, marks=MARKS, entity="gene").status == "nested"
    assert align(text, broken, marks=MARKS, entity="disease").status == "ok"
    with pytest.raises(MarknerError, match="overlap"):
        mark_types(text, {"gene": [Span(0, 7), Span(3, 9)]}, MARKS)


def test_an_instruction_names_the_types_and_their_marks() -> None:
    assert PROMPT.instruction_text("gene") == (
        "Given a sentence extract gene entities from it by highlighting them with <gene> and </gene>."
        " If not present output the same sentence."
    )
    every = PROMPT.instruction_text(*PROMPT.asked("gene"))
    assert "extract disease, chemical and gene entities" in every
    assert "with <disease> and </disease>, <chemical> and </chemical>, <gene> and </gene>." in every
    asked = EntityPrompt.of_prompt(PROMPT, "gene")
    assert (asked.instruction, asked.entity, asked.all_marks) == (every, "gene", MARKS)
    assert EntityPrompt.model_validate(asked.model_dump()) == asked
    assert set(EntityPrompt.of_prompt(Prompt(), "gene").model_dump()) == {"template", "instruction"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"marks": ["[", "]"], "marks_by_type": ANGLES}, "give either `marks` or `marks_by_type`"),
        ({"marks_by_type": {"a": ["[", "]"], "b": ["[", "}"]}}, "no mark may be part of another"),
        ({"marks_by_type": {"a": ["<", "<>"]}}, "no mark may be part of another"),
        ({"marks_by_type": ANGLES, "instruction": "Mark {entity}."}, "must contain `<mark> and </mark>`"),
    ],
)
def test_marks_that_cannot_be_read_back_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Prompt.model_validate(settings)


def sentence(name: str, text: str, *spans: tuple[int, int]) -> Sentence:
    gold = tuple(Span(*span) for span in spans)
    return Sentence(name, "d", text, gold, gold)


def test_a_sentence_is_asked_for_the_types_that_are_annotated_in_it(tmp_path: Path) -> None:
    corpora = {
        "cdr-d": [sentence("d.1", "Lithium toxicity", (0, 16)), sentence("d.2", "No ataxia", (3, 9))],
        "cdr-c": [sentence("c.1", "Lithium toxicity", (0, 7)), sentence("c.2", "Lithium toxicity")],
        "genes": [sentence("g.1", "<gene> APC", (7, 10))],
    }
    for name, rows in corpora.items():
        write_sentences(tmp_path / f"{name}.jsonl", rows)
    build_mixture(
        Mixture(corpora=list(corpora)),
        PROMPT,
        {"cdr-d": "disease", "cdr-c": "chemical", "genes": "gene"},
        [tmp_path / f"{name}.jsonl" for name in corpora],
        tmp_path / "set.json",
        tmp_path / "set.csv",
    )
    rows = read_instances(tmp_path / "set.json")
    assert [(row.input, row.output) for row in rows] == [
        ("Lithium toxicity", "<disease><chemical>Lithium</chemical> toxicity</disease>"),
        ("No ataxia", "No <disease>ataxia</disease>"),
        ("Lithium toxicity", "Lithium toxicity"),
        ("‹gene› APC", "‹gene› <gene>APC</gene>"),
    ]
    asked = [["disease", "chemical"], ["disease"], ["chemical"], ["gene"]]
    assert [row.instruction for row in rows] == [PROMPT.instruction_text(*types) for types in asked]
    assert (tmp_path / "set.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "0,cdr-d+cdr-c,d.1+c.1",
        "1,cdr-d,d.2",
        "2,cdr-c,c.2",
        "3,genes,g.1",
    ]
