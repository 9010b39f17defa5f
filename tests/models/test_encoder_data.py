"""Word pieces, labels, batches."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_encoder import VOCABULARY, sentence, tiny_tokenizer
from tiny_llama import write_tiny_llama
from transformers import BertTokenizer

from markner.data.context import Context
from markner.data.documents import Sentence, Span
from markner.errors import MarknerError
from markner.models.encoder.batches import (
    IGNORED,
    Encoded,
    collate,
    encode,
    join_windows,
    shuffled_batches,
    sorted_batches,
)
from markner.models.encoder.viterbi import LABELS
from markner.models.weights import load_tokenizer

TOKENIZER = tiny_tokenizer()
MENTION = Sentence("1", "d", "the colitis was mild", (), (Span(4, 11),))


def test_only_the_first_piece_of_a_word_has_a_label() -> None:
    (row,) = encode([MENTION], TOKENIZER, 16)
    assert TOKENIZER.convert_ids_to_tokens(row.ids) == ["[CLS]", "the", "col", "##itis", "was", "mild", "[SEP]"]
    assert row.first == [1, 2, 4, 5]
    assert [label if label == IGNORED else LABELS[label] for label in row.labels()] == [
        *(IGNORED, "O", "B", IGNORED, "O", "O", IGNORED)
    ]
    assert row.window == 0


def test_words_of_a_byte_level_vocabulary_have_the_pieces_that_they_have_in_a_text(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_tiny_llama(tmp_path / "llama"))
    (row,) = encode([MENTION], tokenizer, 64)
    assert row.ids == tokenizer(f" {MENTION.text}")["input_ids"]
    assert row.ids != tokenizer(MENTION.text.replace(" ", ""))["input_ids"]
    assert len(set(row.first)) == 4


def test_a_sentence_and_its_context_of_which_the_tokenizer_drops_all() -> None:
    nothing = Sentence("1", "d", "\u200b", (), ())
    (row,) = encode([nothing], TOKENIZER, 16, [Context("\u200b", "\ufeff")])
    assert TOKENIZER.convert_ids_to_tokens(row.ids) == ["[CLS]", "[SEP]"]
    assert not any(row.first)


def _scores(tags: str) -> list[list[float]]:
    """Logits that leave no doubt about the tag of each piece."""
    return [[5.0 if label == tag else 0.0 for label in LABELS] for tag in tags]


def spans(rows: list[Encoded], *tags: str) -> tuple[Span, ...]:
    (scored,) = join_windows(rows, {number: _scores(each) for number, each in enumerate(tags)})
    return scored.spans()


def test_predicted_classes_become_spans_through_first_pieces() -> None:
    assert spans(encode([MENTION], TOKENIZER, 16), "BOBBIOB") == (Span(4, 15),)


def test_a_sentence_longer_than_the_input_is_read_in_windows() -> None:
    long = Sentence("1", "d", "the mild colitis was severe colitis", (), (Span(4, 16), Span(21, 35)))
    (whole,) = encode([long], TOKENIZER, 16)
    assert " ".join(TOKENIZER.convert_ids_to_tokens(whole.ids[1:-1])) == "the mild col ##itis was severe col ##itis"
    rows = encode([long], TOKENIZER, 6)
    assert [TOKENIZER.convert_ids_to_tokens(row.ids[1:-1]) for row in rows] == [
        ["the", "mild", "col", "##itis"],
        ["col", "##itis", "was", "severe"],
        ["was", "severe", "col", "##itis"],
    ]
    assert [row.window for row in rows] == [0, 1, 2]
    assert [[long.text[slice(*word)] for word in row.words] for row in rows] == [
        ["the", "mild", "colitis"],
        ["was"],
        ["severe", "colitis"],
    ]
    # A mention over a border is one mention, in training and in prediction.
    assert [row.tags for row in rows] == [["O", "B", "I"], ["O"], ["B", "I"]]
    assert [row.labels() for row in rows] == [[-100, 0, 1, 2, -100, -100], [-100] * 3 + [0, -100, -100],
                                              [-100, -100, 1, 2, -100, -100]]  # fmt: skip
    assert spans(rows, "BOBIII", "BBBIBB", "BOIOOB") == (Span(4, 27),)
    assert spans(rows, "BOBIII", "BBBOBB", "BOIOOB") == (Span(4, 16),), "no mention begins with an I"


@pytest.mark.parametrize("max_length", range(3, 40))
def test_windows_label_each_word_once_where_most_is_around_it(max_length: int) -> None:
    text = " ".join(sentence(number).text for number in range(6)) + " " + "gastritis" * 9
    whole = Sentence("1", "d", text)
    (row,) = encode([whole], TOKENIZER, 512)
    rows = encode([whole], TOKENIZER, max_length)
    assert [word for part in rows for word in part.words] == row.words
    assert len(rows) > 1
    assert max(len(part.ids) for part in rows) == max_length
    content, start = row.ids[1:-1], 0
    room = max_length - 2
    for part in rows:
        assert part.ids[1:-1] == content[start : start + room]
        for word, position in zip(part.words, part.first, strict=True):
            assert position is not None
            place = row.first[row.words.index(word)]
            assert place == position + start
            if len(rows) > 3 and text[slice(*word)] in {"the", "was", "mild"} and room > 8:
                before, after = position - 1, len(part.ids) - 2 - position
                assert before >= room // 4 - 2 or start == 0
                assert after >= room // 4 - 2 or part is rows[-1]
        start += room - room // 2


def test_a_longest_input_without_room_is_an_error() -> None:
    with pytest.raises(MarknerError, match=r"a longest input of 2 has no room(?s:.*)raise `max_length`"):
        encode([MENTION], TOKENIZER, 2)


def test_a_word_that_the_tokenizer_drops_shifts_nothing() -> None:
    (row,) = encode([Sentence("1", "d", "the \u200b colitis", (), (Span(6, 13),))], TOKENIZER, 16)
    assert row.first == [1, None, 2]
    assert row.labels() == [IGNORED, 0, LABELS.index("B"), IGNORED, IGNORED]
    assert row.window == 0


def test_batches_hold_all_rows_once_and_follow_the_generator() -> None:
    rows = encode([sentence(number) for number in range(23)], TOKENIZER, 32)
    batches = shuffled_batches(rows, 4, torch.Generator().manual_seed(1))
    assert sorted(row.sentence.id for batch in batches for row in batch) == sorted(row.sentence.id for row in rows)
    assert batches == shuffled_batches(rows, 4, torch.Generator().manual_seed(1))
    assert batches != shuffled_batches(rows, 4, torch.Generator().manual_seed(2))
    lengths = [len(rows[number].ids) for batch in sorted_batches(rows, 4) for number in batch]
    assert lengths == sorted(lengths)
    assert sorted(number for batch in sorted_batches(rows, 4) for number in batch) == list(range(23))


def test_later_windows_change_no_batch_of_sentences_that_fit() -> None:
    short, long = [sentence(number) for number in range(5)], replace(sentence(9), text="the mild colitis " * 20)
    alone = sorted_batches(encode(short, TOKENIZER, 32), 4)
    rows = encode([*short, long], TOKENIZER, 32)
    batches = sorted_batches(rows, 4)
    assert batches[:2] == [alone[0], [*alone[1], 5]]
    assert all(rows[number].window > 0 for batch in batches[2:] for number in batch)


def test_padding_is_masked_and_ignored() -> None:
    short, long = encode([Sentence("1", "d", "mild"), MENTION], TOKENIZER, 16)
    batch = collate([short, long], 0, torch.device("cpu"))
    assert batch.ids.shape == (2, 7)
    assert batch.mask.tolist() == [[1, 1, 1, 0, 0, 0, 0], [1] * 7]
    assert batch.labels[0].tolist() == [IGNORED, 0, *[IGNORED] * 5]
    assert batch.words == 5


def test_composed_and_decomposed_letters_are_the_same_pieces() -> None:
    tokenizer = BertTokenizer(vocab={**VOCABULARY, "café": len(VOCABULARY)}, do_lower_case=False, strip_accents=False)
    composed = Sentence("1", "d", "the caf\u00e9 was mild", (), (Span(4, 8),))
    decomposed = Sentence("1", "d", "the cafe\u0301 was mild", (), (Span(4, 9),))
    rows = encode([composed, decomposed], tokenizer, 16)
    assert rows[0].ids == rows[1].ids
    assert len(VOCABULARY) in rows[0].ids
    assert rows[0].labels() == rows[1].labels()
