"""How a begun answer is expected to go on: as its input, through marks, or as it repeated itself before."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import cycle, islice

from transformers import PreTrainedTokenizerBase

from markner.markup import MARKS, AnyMarks
from markner.models.decoding.query import Query

LONGEST = 48
"""The most tokens of a draft."""
_IN_MARK = 6  # the end tag is near
_ANCHORS = (24, 12, 6)
_REPEATED = 6


def drafts(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[tuple[Query, list[int]]], longest: int
) -> list[list[int]]:
    """Return the at most `longest` tokens with which the answers so far of queries are expected to go on.

    There are none where an answer left its input.
    """
    answers = tokenizer.batch_decode(
        [answer for _, answer in rows], skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    guesses = [continuation(query.input, text, query.marks) for (query, _), text in zip(rows, answers, strict=True)]
    # A line break before the text keeps SentencePiece from adding the space with which it begins every text. At the
    # beginning of an answer that space is right: answers are tokenized as texts of their own in training.
    leads = ["\n" if answer else "" for _, answer in rows]
    texts = [lead + text for lead, (text, _) in zip(leads, guesses, strict=True)]
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True)
    drafted: list[list[int]] = []
    for (query, known), answer, lead, (text, inside), ids, offsets in zip(
        rows, answers, leads, guesses, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        tokens = [token for token, (start, _) in zip(ids, offsets, strict=True) if start >= len(lead)]
        if text or answer.endswith(query.input[-1:]):
            tokens.append(tokenizer.eos_token_id)
        if not query.input.startswith(_patterns(query.marks)[0].sub("", answer)):
            tokens = repeated(known) or tokens
        room = query.limit - len(known) - 1
        drafted.append(tokens[: min(room, _IN_MARK if inside else longest)])
    return drafted


def continuation(source: str, answer: str, marks: AnyMarks = MARKS) -> tuple[str, bool]:
    """How a begun answer goes on if from here it copies its source, and whether that is inside a mark.

    An answer that left the source is taken up again where its last characters occur in the source, nearest to the
    place that its length suggests; if they do not occur, the continuation is empty.
    """
    whole, begins = _patterns(marks)
    begun = begins.search(answer)
    # The end of a whole mark can be the beginning of one: `@@`.
    if begun is not None and (source.startswith(whole.sub("", answer)) or answer.endswith(tuple(marks))):
        begun = None  # a less-than sign of the source, not a tag
    opened = [pair for pair in marks.pairs if answer.rfind(pair.open) > answer.rfind(pair.close)]
    inside = bool(opened)
    remainder = ""
    if begun is not None:
        # The mark that was opened last closes, or one opens, of the first type that it can be.
        innermost = sorted(opened, key=lambda pair: answer.rfind(pair.open))[-1:]
        likely = [*(pair.close for pair in innermost), *(pair.open for pair in marks.pairs if pair not in opened)]
        tag = next((each for each in likely if each.startswith(begun.group())), None)
        if tag is None:
            return "", inside
        remainder = tag[len(begun.group()) :]
        answer = answer[: begun.start()]
        inside = not inside
    plain = whole.sub("", answer)
    if source.startswith(plain):
        return remainder + source[len(plain) :], inside
    for size in _ANCHORS:
        anchor = plain[-size:]
        if len(anchor) == size and anchor in source:
            places = [match.end() for match in re.finditer(re.escape(anchor), source)]
            return remainder + source[min(places, key=lambda place: abs(place - len(plain))) :], inside
    return remainder, inside


def repeated(answer: Sequence[int]) -> list[int]:
    """Return how an answer goes on if it repeats what followed its last six tokens before; nothing if they are new.

    An answer that left its input often repeats itself until its limit.
    """
    tail = list(answer[-_REPEATED:])
    for end in range(len(answer) - 1, _REPEATED - 1, -1):
        if answer[end - _REPEATED : end] == tail:
            return list(islice(cycle(answer[end:]), LONGEST))
    return []


@cache
def _patterns(marks: AnyMarks) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the pattern of a mark, and that of a mark that has begun at the end of an answer."""
    begun = sorted({mark[:size] for mark in marks for size in range(1, len(mark))}, key=len, reverse=True)
    whole = "|".join(map(re.escape, marks))
    return re.compile(whole), re.compile(rf"(?:{'|'.join(map(re.escape, begun))})\Z" if begun else "(?!)")
