"""Word pieces, labels, batches."""

import torch
from tiny_encoder import sentence, tiny_tokenizer

from markner.data.documents import Sentence, Span
from markner.models.encoder.batches import IGNORED, collate, encode, shuffled_batches, sorted_batches
from markner.models.encoder.viterbi import LABELS

TOKENIZER = tiny_tokenizer()
MENTION = Sentence("1", "d", "the colitis was mild", (), (Span(4, 11),))


def test_only_the_first_piece_of_a_word_has_a_label() -> None:
    (row,) = encode([MENTION], TOKENIZER, 16)
    assert TOKENIZER.convert_ids_to_tokens(row.ids) == ["[CLS]", "the", "col", "##itis", "was", "mild", "[SEP]"]
    assert row.first == [1, 2, 4, 5]
    assert [label if label == IGNORED else LABELS[label] for label in row.labels()] == [
        *(IGNORED, "O", "B", IGNORED, "O", "O", IGNORED)
    ]
    assert not row.truncated


def _scores(tags: str) -> list[list[float]]:
    """Logits that leave no doubt about the tag of each piece."""
    return [[5.0 if label == tag else 0.0 for label in LABELS] for tag in tags]


def test_predicted_classes_become_spans_through_first_pieces() -> None:
    (row,) = encode([MENTION], TOKENIZER, 16)
    assert row.spans(_scores("BOBBIOB")) == (Span(4, 15),)


def test_words_beyond_the_longest_input_are_outside_and_their_mentions_counted() -> None:
    long = Sentence("1", "d", "the mild colitis was colitis", (), (Span(4, 16), Span(21, 28)))
    (row,) = encode([long], TOKENIZER, 5)
    assert row.truncated
    assert row.first == [1, 2, 3, None, None]
    assert row.spans(_scores("BBBBB")) == (Span(0, 3), Span(4, 8), Span(9, 16))
    assert row.truncated_mentions() == 1
    (row,) = encode([long], TOKENIZER, 4)
    assert row.truncated_mentions() == 2
    (row,) = encode([long], TOKENIZER, 9)
    assert not row.truncated
    assert row.truncated_mentions() == 0


def test_a_word_that_the_tokenizer_drops_shifts_nothing() -> None:
    (row,) = encode([Sentence("1", "d", "the \u200b colitis", (), (Span(6, 13),))], TOKENIZER, 16)
    assert row.first == [1, None, 2]
    assert row.labels() == [IGNORED, 0, LABELS.index("B"), IGNORED, IGNORED]
    assert not row.truncated


def test_batches_hold_all_rows_once_and_follow_the_generator() -> None:
    rows = encode([sentence(number) for number in range(23)], TOKENIZER, 32)
    batches = shuffled_batches(rows, 4, torch.Generator().manual_seed(1))
    assert sorted(row.sentence.id for batch in batches for row in batch) == sorted(row.sentence.id for row in rows)
    assert batches == shuffled_batches(rows, 4, torch.Generator().manual_seed(1))
    assert batches != shuffled_batches(rows, 4, torch.Generator().manual_seed(2))
    lengths = [len(row.ids) for batch in sorted_batches(rows, 4) for row in batch]
    assert lengths == sorted(lengths)
    assert sum(len(batch) for batch in sorted_batches(rows, 4)) == 23


def test_padding_is_masked_and_ignored() -> None:
    short, long = encode([Sentence("1", "d", "mild"), MENTION], TOKENIZER, 16)
    batch = collate([short, long], 0, torch.device("cpu"))
    assert batch.ids.shape == (2, 7)
    assert batch.mask.tolist() == [[1, 1, 1, 0, 0, 0, 0], [1] * 7]
    assert batch.labels[0].tolist() == [IGNORED, 0, *[IGNORED] * 5]
    assert batch.words == 5
