"""Sentences find their answers by text, whatever its white space."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Sentence, Span
from markner.data.external.answers import ExternalAnswer, read_marked
from markner.data.external.match import MatchCounts, Matched, match_answers
from markner.markup import Marks, mark

MARKS = Marks("@@", "##")


def sentences(*texts: str) -> list[Sentence]:
    return [Sentence(f"c.test.{number:05d}", "d", text) for number, text in enumerate(texts, start=1)]


def answer(marked: str, text: str | None = None) -> ExternalAnswer:
    """An answer with marks; its text is that of the answer if none is given."""
    return read_marked(marked.replace("@@", "").replace("##", "") if text is None else text, marked, MARKS)


def match(gold: Sequence[Sentence], *answers: ExternalAnswer) -> Matched:
    return match_answers(gold, answers)


def surfaces(gold: Sequence[Sentence], matched: Matched) -> list[list[str]]:
    return [
        [sentence.text[start:end] for start, end in prediction.spans]
        for sentence, prediction in zip(gold, matched.predictions, strict=True)
    ]


def statuses(matched: Matched) -> list[str]:
    return [prediction.status for prediction in matched.predictions]


def counts(matched: Matched) -> tuple[int, int, int, int]:
    found = matched.counts
    return found.whole, found.part, found.missing, found.unused


def test_an_exact_answer_is_ok() -> None:
    gold = sentences("Ataxia is rare .", "None here .")
    matched = match(gold, answer("None here ."), answer("@@Ataxia## is rare ."))
    assert surfaces(gold, matched) == [["Ataxia"], []]
    assert statuses(matched) == ["ok", "ok"]
    assert [prediction.id for prediction in matched.predictions] == ["c.test.00001", "c.test.00002"]
    assert matched.predictions[0].raw == "@@Ataxia## is rare ."
    assert matched.counts == MatchCounts(2, 2, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "marked",
    [
        "A - T ( ref. 3 ) and @@ breast cancer##.",
        "A-T (ref. 3) and @@breast  cancer## .",
        "A - T(ref.3)and@@breast\ncancer##.",
    ],
)
def test_other_white_space_is_a_status_of_its_own_and_no_changed_text(marked: str) -> None:
    gold = sentences("A - T ( ref . 3 ) and breast cancer .")
    for text in ("A - T ( ref . 3 ) and breast cancer .", None):
        matched = match(gold, answer(marked, text))
        assert surfaces(gold, matched) == [["breast cancer"]]
        assert statuses(matched) == ["white_space"]


def test_a_sentence_without_an_answer_is_an_empty_answer_and_an_answer_without_a_sentence_is_counted() -> None:
    gold = sentences("Ataxia is rare .", "Heart failure is common .")
    matched = match(gold, answer("@@Heart failure## is common ."), answer("@@Gout## is neither of them ."))
    assert surfaces(gold, matched) == [[], ["Heart failure"]]
    assert statuses(matched) == ["missing", "ok"]
    assert matched.predictions[0].raw is None
    assert counts(matched) == (1, 0, 1, 1)
    assert matched.unused == ["Gout is neither of them ."]


def test_changed_text_keeps_the_mentions_that_align() -> None:
    gold = sentences("Ataxia and heart failure are rare .")
    changed = answer("@@Ataxia## and @@cardiac failure## are common .", gold[0].text)
    matched = match(gold, changed)
    assert surfaces(gold, matched) == [["Ataxia"]]
    assert statuses(matched) == ["changed_text"]


@pytest.mark.parametrize(
    ("marked", "status"),
    [("@@Ataxia## is @@rare.", "unbalanced"), ("@@Ata@@xia#### is rare.", "nested"), ("", "empty")],
)
def test_defects_of_marks_go_before_white_space(marked: str, status: str) -> None:
    gold = sentences("Ataxia is rare .")
    matched = match(gold, answer(marked, gold[0].text))
    assert statuses(matched) == [status]
    assert surfaces(gold, matched) == [["Ataxia"] if marked else []]


def test_neighboring_pieces_of_a_sentence_are_joined() -> None:
    gold = sentences("First one .", "Ataxia in E . coli was rare , and gout common .", "Last one .")
    pieces = [
        answer("First one."),
        answer("@@Ataxia## in E."),
        answer("coli was rare, and @@gout## common."),
        answer("Last one ."),
    ]
    matched = match(gold, *pieces)
    assert surfaces(gold, matched) == [[], ["Ataxia", "gout"], []]
    assert counts(matched) == (2, 1, 0, 0)
    assert matched.predictions[1].raw == "@@Ataxia## in E. coli was rare, and @@gout## common."


def test_a_mention_in_two_pieces_is_two() -> None:
    gold = sentences("Mice with heart failure .")
    matched = match(gold, answer("Mice with @@heart##"), answer("@@failure## ."))
    assert surfaces(gold, matched) == [["heart", "failure"]]


def test_a_document_is_divided_and_what_crosses_a_border_is_counted_once() -> None:
    gold = sentences("Ataxia .", "Heart failure is rare .", "Gout .")
    text = "Ataxia. Heart failure is rare. Gout."
    spans = [Span(text.index(word), text.index(word) + len(word)) for word in ("Ataxia", "Heart failure", "rare. Gout")]
    matched = match(gold, ExternalAnswer(text, tuple(spans)))
    assert surfaces(gold, matched) == [["Ataxia"], ["Heart failure"], []]
    assert statuses(matched) == ["white_space"] * 3
    assert matched.counts == MatchCounts(1, 0, 3, 0, 0, 1, 0)


def test_a_part_that_repeats_its_sentence_is_ok() -> None:
    gold = sentences("Ataxia is rare .", "So is gout .")
    matched = match(gold, ExternalAnswer("Ataxia is rare .\nSo is gout .", ()))
    assert statuses(matched) == ["ok", "ok"]


def test_repeated_sentences_take_their_answers_in_order_and_each_answer_serves_once() -> None:
    gold = sentences("Ataxia is rare .", "Ataxia is rare .", "Ataxia is rare .")
    matched = match(gold, answer("@@Ataxia## is rare ."), answer("Ataxia is @@rare## ."))
    assert surfaces(gold, matched) == [["Ataxia"], ["rare"], []]
    assert statuses(matched) == ["ok", "ok", "missing"]


def test_of_overlapping_mentions_the_longest_is_kept_and_the_others_are_counted() -> None:
    gold = sentences("Familial breast cancer .")
    matched = match(
        gold, ExternalAnswer("Familial breast cancer.", (Span(0, 22), Span(9, 22), Span(9, 15), Span(0, 22)))
    )
    assert surfaces(gold, matched) == [["Familial breast cancer"]]
    assert matched.counts.overlapping == 2


def test_a_short_sentence_is_not_found_inside_words_or_in_the_place_of_another() -> None:
    gold = sentences("in", "Ataxia in mice", "rare")
    matched = match(gold, answer("Ataxia in mice"), answer("Insulin and a rarefied protein"))
    assert statuses(matched) == ["missing", "ok", "missing"]


def test_a_short_sentence_is_looked_for_after_the_sentence_before() -> None:
    first = "Ataxia is rare in mice, in rats and in men, and more so in old age."
    second = "Gout is rare in mice, in rats and in men, and much more so in youth."
    gold = sentences(first, "Methods .", second, "Methods .")
    text = f"{first} @@Methods##. {second} Methods."
    matched = match(gold, answer(text))
    assert surfaces(gold, matched) == [[], ["Methods"], [], []]
    shuffled = match(gold, answer(f"{second} Methods."), answer(f"{first} @@Methods##."))
    assert surfaces(gold, shuffled) == [[], ["Methods"], [], []]


def test_no_answers_and_no_sentences() -> None:
    gold = sentences("Ataxia .")
    assert counts(match(gold)) == (0, 0, 1, 0)
    assert counts(match([], answer("Ataxia ."))) == (0, 0, 0, 1)
    assert statuses(match(sentences(" "), answer("x"))) == ["missing"]


def test_mentions_of_white_space_and_at_its_borders() -> None:
    gold = sentences("Heart failure .")
    matched = match(gold, answer("@@ ##Heart @@ failure ##."))
    assert surfaces(gold, matched) == [["failure"]]


WORDS = st.sampled_from(["ataxia", "IL", "2", "µg", "heart", "(", ")", "-", ".", ",", "/", "的", "β"])


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[Sentence], list[ExternalAnswer]]:
    """Sentences with gold, and the gold as answers: cut and joined elsewhere, with other white space."""
    gold: list[Sentence] = []
    tokens: list[tuple[str, int]] = []  # each token, and 1 + the number of its mention, else 0
    mentions = 0
    for number in range(draw(st.integers(1, 6))):
        words = [f"Q{number}", *draw(st.lists(WORDS, max_size=12))]
        starts = [0]
        for word in words:
            starts.append(starts[-1] + len(word) + 1)
        spans, place, inside = [], 0, [0] * len(words)
        while place < len(words):
            length = draw(st.integers(1, 3))
            if draw(st.booleans()):
                stop = min(place + length, len(words))
                mentions += 1
                inside[place:stop] = [mentions] * (stop - place)
                spans.append(Span(starts[place], starts[stop] - 1))
            place += length
        gold.append(Sentence(str(number), "d", " ".join(words), tuple(spans), tuple(spans)))
        tokens += zip(words, inside, strict=True)
    pieces: list[tuple[str, dict[int, Span]]] = [("", {})]
    before, kind = "", 0
    for word, mention in tokens:
        text, found = pieces[-1]
        if text and not (mention and mention == kind) and draw(st.booleans()):
            pieces.append(("", {}))
            text, found = pieces[-1]
        elif text:
            touching = before[-1:].isalnum() and word[0].isalnum()
            text += draw(st.sampled_from([" ", "\n", "\u00a0 "] if touching else ["", " ", "  "]))
        if mention:
            start = found[mention].start if mention in found else len(text)
            found[mention] = Span(start, len(text) + len(word))
        pieces[-1] = (text + word, found)
        before, kind = word, mention
    return gold, [ExternalAnswer(text, tuple(found.values())) for text, found in pieces]


@given(corpora())
def test_gold_cut_and_spaced_otherwise_scores_in_full(case: tuple[list[Sentence], list[ExternalAnswer]]) -> None:
    gold, answers = case
    matched = match_answers(gold, answers)
    assert [prediction.spans for prediction in matched.predictions] == [sentence.spans for sentence in gold]
    assert set(statuses(matched)) <= {"ok", "white_space"}
    assert counts(matched)[2:] == (0, 0)
    assert (matched.counts.crossing, matched.counts.overlapping) == (0, 0)


@given(corpora())
def test_marked_gold_scores_in_full(case: tuple[list[Sentence], list[ExternalAnswer]]) -> None:
    gold, answers = case
    marked = [mark(each.text, each.spans).replace("<mark>", "@@").replace("</mark>", "##") for each in answers]
    matched = match_answers(gold, [answer(raw, each.text) for raw, each in zip(marked, answers, strict=True)])
    assert [prediction.spans for prediction in matched.predictions] == [sentence.spans for sentence in gold]
    assert set(statuses(matched)) <= {"ok", "white_space"}


@given(corpora(), st.randoms(use_true_random=False))
def test_every_sentence_has_one_prediction_and_the_counts_add_up(
    case: tuple[list[Sentence], list[ExternalAnswer]], random: object
) -> None:
    gold, answers = case
    random.shuffle(answers)  # type: ignore[attr-defined]
    kept = answers[: len(answers) // 2]
    matched = match_answers(gold, kept)
    assert [prediction.id for prediction in matched.predictions] == [sentence.id for sentence in gold]
    assert sum(counts(matched)[:3]) == len(gold)
    assert statuses(matched).count("missing") == matched.counts.missing
    assert matched.counts.answers == len(kept)
    assert matched.counts.unused == len(matched.unused) <= len(kept)
