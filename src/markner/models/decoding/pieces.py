"""Sentences as a language model is asked for them: with composed letters, and in pieces where they are too long."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from markner.data.documents import Span
from markner.data.instructions import render_prompt
from markner.data.tokens import TokenText
from markner.errors import MarknerError
from markner.graphemes import compose, last_border
from markner.markup import AnyMarks, align, escape_marks
from markner.models.causal.examples import encode_prompts
from markner.models.decoding.generate import Answer, generate
from markner.models.weights import load_pretrained
from markner.predictions import Status
from markner.study.params import EntityPrompt
from markner.study.schema.systems import Decoding
from markner.tags import words

LONGEST = 4096
"""Most tokens of a prompt and its answer, also if the model has more positions."""

_TOGETHER = 1000
"""Sentences that are tokenized at a time: many, as each time takes long, but not all, as offsets take much memory."""

_BORDERS = [re.compile(each) for each in (r"[.!?…][\"')\]]*\s+", r"[;:]\s+", r"[,)\]]\s+", r"\s+")]
"""Where a sentence may be cut, the safest first."""
_SEVERITY: tuple[Status, ...] = ("empty", "refused", "truncated", "changed_text", "nested", "unbalanced", "ok")


class Piece(NamedTuple):
    """A sentence or a part of one: the number of the sentence, the bounds and the text of the part, its context.

    Text and context have composed letters.
    """

    sentence: int
    start: int
    end: int
    text: str
    context: str = ""


class Joined(NamedTuple):
    """The answer to a sentence: mentions at offsets in it, status, the raw answers, confidences."""

    spans: tuple[Span, ...]
    status: Status
    raw: str
    confidences: tuple[float, ...]


def positions_of(folder: Path) -> int:
    """Return the most tokens that the model in a folder reads and writes together."""
    config: PreTrainedConfig = load_pretrained(AutoConfig, folder, "a causal language model")
    return min(getattr(config.get_text_config(), "max_position_embeddings", None) or LONGEST, LONGEST)


def sentence_pieces(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    prompt: EntityPrompt,
    decoding: Decoding,
    positions: int,
    contexts: Sequence[str] = (),
) -> list[Piece]:
    """Return the pieces of sentences, in their order; a sentence is one piece if its prompt and longest answer fit.

    A longer one is cut behind a full stop, else behind a semicolon, a comma or a bracket, as far as there is one in the
    second half of what fits; else at white space. A word is cut only if it does not fit as a whole, and then between
    grapheme clusters. A context that takes more than half of the room of its sentence is left out. `positions` is the
    most tokens that the model reads and writes together.

    Raises:
        MarknerError: The prompt leaves no room for a sentence.
    """
    marks = prompt.all_marks
    shown = [compose(context).text for context in contexts] or [""] * len(texts)
    different = list(dict.fromkeys(["", *shown]))
    frames = [render_prompt(prompt.template, prompt.instruction, "", marks, context) for context in different]
    # An answer may have twice the tokens of its input, with typed marks once more for each further type; two more may
    # come where prompt and sentence meet.
    rooms = {
        context: (positions - len(frame) - decoding.max_new_tokens_margin) // (2 + len(marks.types)) - 2
        for context, frame in zip(different, encode_prompts(tokenizer, frames), strict=True)
    }
    pieces: list[Piece] = []
    all_composed = [compose(text).text for text in texts]
    starts = _token_starts([escape_marks(text, marks) for text in all_composed], tokenizer)
    for number, (composed, around, token_starts) in enumerate(zip(all_composed, shown, starts, strict=True)):
        context = around if 2 * rooms[around] >= rooms[""] else ""
        for start, end in _cut(composed, token_starts, rooms[context]):
            pieces.append(Piece(number, start, end, composed[start:end], context))
    return pieces


def ask_pieces(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pieces: Sequence[Piece],
    prompt: EntityPrompt,
    decoding: Decoding,
    answered: Collection[int] = (),
) -> Iterator[Answer]:
    """Ask a model for the entities of pieces; see `generate`."""
    marks = prompt.all_marks
    texts = [piece.text for piece in pieces]
    prompts = [render_prompt(prompt.template, prompt.instruction, piece.text, marks, piece.context) for piece in pieces]
    return generate(model, tokenizer, prompts, texts, decoding, answered, marks)


def join_answers(
    texts: Sequence[str],
    pieces: Sequence[Piece],
    answers: Sequence[Answer],
    marks: AnyMarks,
    entity: str = "",
    tokens: Sequence[TokenText] = (),
) -> list[Joined]:
    """Return the answer to each sentence, from the answers to its pieces.

    Each answer is aligned to its own piece; of several answers the worst status counts. With typed marks, `entity` is
    the type whose mentions are wanted. If the texts are those of `tokens`, mentions are at offsets in the raw texts.
    """
    parts: list[list[tuple[Piece, Answer]]] = [[] for _ in texts]
    for piece, answer in zip(pieces, answers, strict=True):
        parts[piece.sentence].append((piece, answer))
    joined = []
    for number, (text, of_text) in enumerate(zip(texts, parts, strict=True)):
        composed = compose(text)
        spans: list[Span] = []
        confidences: list[float] = []
        statuses: list[Status] = []
        raw, end = "", 0
        for piece, answer in of_text:
            aligned = align(piece.text, answer.text, answer.limit_reached, marks, entity=entity)
            spans += [Span(piece.start + span.start, piece.start + span.end) for span in aligned.spans]
            confidences += [answer.confidences[source] for source in aligned.sources]
            statuses.append(aligned.status)
            raw += composed.text[end : piece.start] + answer.text
            end = piece.end
        given = composed.given_spans(spans)
        given = tokens[number].given_spans(given) if tokens else given
        joined.append(Joined(given, worst(statuses), raw, tuple(confidences)))
    return joined


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of the statuses of a model's answers."""
    return min(statuses, key=_SEVERITY.index)


def _token_starts(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> Iterator[list[int]]:
    """Yield where the tokens of each text begin."""
    for first in range(0, len(texts), _TOGETHER):
        encoded = tokenizer(
            list(texts[first : first + _TOGETHER]),
            add_special_tokens=False,
            return_attention_mask=False,
            return_offsets_mapping=True,
            split_special_tokens=True,
            verbose=False,
        )
        for offsets in encoded["offset_mapping"]:
            yield [start for start, _ in offsets]


def _cut(text: str, starts: Sequence[int], room: int) -> list[Span]:
    """Return the bounds of pieces of at most `room` tokens, without white space around them if there are several.

    `starts` has the place where each token of the text begins.
    """
    if len(starts) <= room:
        return [Span(0, len(text))]
    if room < 1:
        raise MarknerError(
            "the prompt leaves no room for a sentence and its answer in the positions of the model",
            "shorten `instruction` and `template` of the prompt, or `max_new_tokens_margin`",
        )
    pieces, start = [], 0
    while rest := text[start:].lstrip():
        start = len(text) - len(rest)
        beyond = bisect_left(starts, start) + room
        end = len(text) if beyond >= len(starts) else _safest(text, start, max(starts[beyond], start + 1))
        pieces.append(Span(start, start + len(text[start:end].rstrip())))
        start = end
    return pieces or [Span(0, 0)]


def _safest(text: str, start: int, end: int) -> int:
    """Return the best place to cut a text behind `start` and not behind `end`."""
    middle = (start + end) // 2
    for border in _BORDERS:
        places = [match.end() for match in border.finditer(text, middle, end) if match.end() > start]
        if places:
            return places[-1]
    window = text[start : end + 1]
    inside = [word.start for word in words(window)[1:]] or [last_border(window, end - start)]
    return start + inside[-1] if inside[-1] else end
