"""Each filter refuses what it is for, and nothing that is a good example."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Sentence, Span
from markner.data.synthetic.candidates import Candidate
from markner.data.synthetic.filters import REASONS, Verdict, form, judge
from markner.markup import mark, unmark
from markner.study.schema.self_instruct import Filters

GOOD = "Loss of <mark>BRCA1</mark> and <mark>TP53</mark> was seen in many tumours ."


def candidate(raw: str, number: int = 0, finished: bool = True) -> Candidate:
    return Candidate(number, "writer", 1, ("seed.1",), raw, finished)


def sentence(name: str, marked: str) -> Sentence:
    text, spans = unmark(marked)
    return Sentence(name, "d", text, spans, spans)


def judged(raws: Sequence[str], tests: Sequence[str] = (), seeds: Sequence[str] = (), **limits: float) -> list[Verdict]:
    return list(
        judge(
            [candidate(raw, number) for number, raw in enumerate(raws)],
            [sentence(f"seed.{number}", marked) for number, marked in enumerate(seeds)],
            [sentence(f"test.{number}", marked) for number, marked in enumerate(tests)],
            Filters.model_validate(limits),
        )
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (GOOD, None),
        ("  " + GOOD + " ", None),
        ("", "no_mention"),
        ("Loss of <mark>BRCA1 was seen in many tumours .", "marks"),
        ("Loss of BRCA1</mark> was seen in many tumours .", "marks"),
        ("Loss of <mark>the <mark>BRCA1</mark> gene</mark> was seen in many tumours .", "marks"),
        ("Loss of <mark></mark> was seen in <mark>many</mark> tumours .", "marks"),
        ("Loss of <mark>BRCA1</mark> was seen in <i>many</i> tumours .", "markup"),
        ("Loss of <mark>BRCA1</mark> was seen in many tumours . ### Response", "markup"),
        ("Loss of <mark>BRCA1</mark> was seen ; see https://example.org for more", "markup"),
        ("Loss of <mark>BR</mark>CA1 was seen in many tumours .", "mark_inside_word"),
        ("Loss of <mark>BRCA1 </mark>was seen in many tumours .", "mark_inside_word"),
        ("Loss of <mark> </mark> was seen in many tumours .", "mark_inside_word"),
        ("Many <mark>Sjo</mark>\u0308gren tumours were seen in mice .", "mark_inside_word"),
        ("Many <mark>Sjo\u0308gren</mark> tumours were seen in mice .", None),
        ("Loss of BRCA1 was seen in many tumours .", "no_mention"),
        ("Loss of <mark>BRCA1</mark> .", "length"),
        ("Loss of <mark>BRCA1</mark> " + " ".join(f"w{number}" for number in range(90)), "length"),
        ("Loss of <mark>the gene that we had seen before in mice</mark> was lethal .", "mention_length"),
        ("Loss of the gene was seen <mark>.</mark>", "mention_length"),
        ("Loss of <mark>BRCA1</mark> <mark>(</mark> was seen in many tumours .", "mention_length"),
        ("Loss of <mark>BRCA1</mark> of loss of loss of loss of loss of loss of loss", "repetitive"),
        ("The value of <mark>p53</mark> was < 0.05 and > 0.01 in all", None),
        ("<mark>IL - 2</mark> / <mark>STAT</mark>-dependent cells were counted twice .", None),
    ],
)
def test_the_form_of_a_candidate(raw: str, reason: str | None) -> None:
    assert form(candidate(raw), Filters()).reason == reason


def test_an_unfinished_line_is_refused_however_good() -> None:
    assert form(candidate(GOOD, finished=False), Filters()).reason == "unfinished"


@given(st.text(st.sampled_from("ab1 .<>/mark"), max_size=60) | st.lists(
    st.sampled_from(["<mark>", "</mark>", "gene", " ", "BRCA1", ".", "\u2028"]), max_size=20).map("".join))  # fmt: skip
def test_what_passes_round_trips_and_what_does_not_has_a_reason(raw: str) -> None:
    verdict = form(candidate(raw), Filters(min_words=1, min_distinct=0))
    if verdict.reason is not None:
        assert verdict.reason in REASONS
        return
    assert verdict.text is not None
    assert verdict.spans
    assert mark(verdict.text, verdict.spans) == raw.strip()
    assert unmark(raw.strip()) == (verdict.text, verdict.spans)
    for span in verdict.spans:
        assert verdict.text[slice(*span)] == verdict.text[slice(*span)].strip()


def test_copies_of_test_sentences_are_refused_marked_or_not_tokenised_or_not() -> None:
    tests = ["Deletion of the BRCA1-gene (17q21) was found in 12 of 30 families."]
    same = "DELETION of the <mark>BRCA1 - gene</mark> ( 17q21 ) was found in 12 of 30 families ."
    near = "Deletion of the <mark>TP53-gene</mark> (17p13) was found in 15 of 40 families."
    part = "In mice , 17q21 was found in 12 of 30 <mark>X</mark> lines that nobody had looked at until last year"
    other = "Expression of <mark>TP53</mark> fell when cells were starved of glucose overnight ."
    verdicts = judged([same, near, part, other], tests)
    assert [verdict.reason for verdict in verdicts] == ["copy_of_test", "copy_of_test", None, None]
    assert "test.0" in verdicts[0].detail
    assert judged([part], tests, test_run=6)[0].reason == "copy_of_test"
    assert judged([near], tests, test_similarity=0.9)[0].reason is None


def test_a_sentence_at_the_limit_is_a_copy() -> None:
    test = "Mutations of BRCA1 alter x1 x2 repair in x3 x4"
    limit = "Mutations of <mark>BRCA1</mark> alter y1 y2 repair in y3 y4"
    assert judged([limit], [test])[0].detail == "ROUGE-L 0.60 with test.0"


def test_copies_of_the_seed_and_of_each_other_are_refused() -> None:
    seed = "Mutations of <mark>CFTR</mark> cause cystic fibrosis in most patients ."
    close = "Mutations of <mark>HBB</mark> cause cystic fibrosis in most patients ."
    new = "The kinase <mark>AKT1</mark> is switched on by growth factors in muscle ."
    again = "The kinase <mark>AKT2</mark> is switched on by growth factors in muscle ."
    verdicts = judged([close, new, again, seed], seeds=[seed])
    assert [verdict.reason for verdict in verdicts] == ["copy_of_seed", None, "copy_of_kept", "copy_of_seed"]
    assert verdicts[2].detail == "ROUGE-L 0.91 with candidate 1"
    assert verdicts[1].detail.startswith("nearest seed sentence: ROUGE-L")


def test_a_refused_candidate_stands_in_nobodys_way() -> None:
    bad = GOOD.replace("many", "<b>many</b>")
    assert [verdict.reason for verdict in judged([bad, GOOD])] == ["markup", None]


def test_spans_are_those_of_the_kept_text() -> None:
    verdict = judged([" " + GOOD])[0]
    assert verdict.text == "Loss of BRCA1 and TP53 was seen in many tumours ."
    assert verdict.spans == (Span(8, 13), Span(18, 22))
