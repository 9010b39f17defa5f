"""Constrained marking: an answer is its input with marks put in, by construction.

At each step only tokens are allowed that go on with the input, open or close a mark, or end the answer, so that no
answer changes its text, nests marks or leaves one open. It changes answers, and so scores: it is a system of its own
beside free decoding. `copy_draft` takes the most probable allowed token at each position of a draft. (Constrained
decoding with an automaton over the vocabulary: Willard and Louf 2023.)
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

from markner.errors import MarknerError
from markner.markup import Marks
from markner.models.causal.examples import encode_texts
from markner.models.decoding.query import Query

_OUTSIDE, _OPENED, _INSIDE = range(3)
_BYTE = re.compile("<0x([0-9A-F]{2})>")


class _State(NamedTuple):
    """How far an answer has come."""

    read: int
    """Bytes of the source that it repeats."""
    mark: int
    """Outside a mark, just opened (nothing is marked yet), or inside."""
    tag: int
    """Bytes of a tag that has begun, else 0."""


States = frozenset[_State]
"""All that the bytes of an answer can mean: a `<` can belong to the text or to a mark."""


class _Source:
    """The automaton of one input: which byte may come next."""

    def __init__(self, text: bytes, marks: Marks) -> None:
        self._text = text
        self._open, self._close = marks.open.encode(), marks.close.encode()
        self._after: dict[States, dict[int, States]] = {}

    def after(self, states: States) -> dict[int, States]:
        """Return the states that follow, by the byte that leads to them."""
        if states not in self._after:
            reached: dict[int, set[_State]] = {}
            for state in states:
                for byte, following in self._next(state):
                    reached.setdefault(byte, set()).add(following)
            self._after[states] = {byte: frozenset(reachable) for byte, reachable in reached.items()}
        return self._after[states]

    def _next(self, state: _State) -> Iterator[tuple[int, _State]]:
        """Yield the bytes that may follow, each with the state that it leads to. One byte may lead to two states."""
        read, mark, tag = state
        if tag:
            yield self._mark(state)
            return
        left = read < len(self._text)
        if left:
            yield self._text[read], _State(read + 1, _INSIDE if mark else _OUTSIDE, 0)
        if left and 0x80 <= self._text[read] < 0xC0:
            return  # within a character
        if mark == _INSIDE or (mark == _OUTSIDE and left):
            yield self._mark(state)

    def _mark(self, state: _State) -> tuple[int, _State]:
        """Return the next byte of the mark that may come, or has begun, with the state that it leads to."""
        read, mark, tag = state
        word = self._close if mark else self._open
        if tag + 1 < len(word):
            return word[tag], _State(read, mark, tag + 1)
        return word[tag], _State(read, _OUTSIDE if mark else _OPENED, 0)

    def finished(self, states: Iterable[_State]) -> bool:
        """Return whether an answer in one of these states may end."""
        return _State(len(self._text), _OUTSIDE, 0) in states


class Vocabulary:
    """Tokens by the bytes they stand for, in order, so that those with a common beginning lie together."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Read a tokenizer's vocabulary.

        Raises:
            MarknerError: it is neither a byte-level BPE nor a SentencePiece model with bytes.
        """
        # Not all have a role, as Llama 3's <|start_header_id|>; decoding leaves all out.
        added = tokenizer.added_tokens_decoder.items()
        special = {*tokenizer.all_special_ids, *(token for token, each in added if each.special)}
        entries = sorted(
            (content, token) for token, content in _contents(tokenizer) if content and token not in special
        )
        self._contents = [content for content, _ in entries]
        self._tokens = [token for _, token in entries]
        self._by_token = {token: content for content, token in entries}

    def bytes_of(self, tokens: Iterable[int]) -> bytes:
        """Return the text of tokens, without special tokens."""
        return b"".join(self._by_token.get(token, b"") for token in tokens)

    def allowed(self, source: _Source, states: States) -> list[int]:
        """Return the tokens all of whose bytes may follow."""
        tokens: list[int] = []
        open_ends = [(b"", states)]
        while open_ends:
            begun, reached = open_ends.pop()
            for byte, following in source.after(reached).items():
                content = begun + bytes([byte])
                place = bisect_left(self._contents, content)
                while place < len(self._contents) and self._contents[place] == content:
                    tokens.append(self._tokens[place])
                    place += 1
                if place < len(self._contents) and self._contents[place].startswith(content):
                    open_ends.append((content, following))
        return tokens


class Constraint:
    """The tokens that may come next in the answer to one query, which `ends` end."""

    def __init__(
        self, vocabulary: Vocabulary, tokenizer: PreTrainedTokenizerBase, query: Query, ends: frozenset[int]
    ) -> None:
        self._vocabulary, self._ends = vocabulary, ends
        if not isinstance(query.marks, Marks):
            raise MarknerError("constrained decoding knows one pair of marks", "decode with `copy-draft`")
        text = query.input.encode()
        (encoded,) = encode_texts(tokenizer, [query.input])
        # SentencePiece puts a space before a text; a model that learned such answers begins with it.
        space = vocabulary.bytes_of(encoded) == b" " + text
        self._source = _Source(b" " * space + text, query.marks)
        self.start: States = frozenset({_State(0, _OUTSIDE, 0), _State(int(space), _OUTSIDE, 0)})
        """Of an answer without a token."""
        self._allowed: dict[States, list[int]] = {}

    def after(self, states: States, token: int) -> States:
        """Return the states of an answer to which a token is added; none if it is not allowed, or ends the answer."""
        if token in self._ends:
            return frozenset()
        for byte in self._vocabulary.bytes_of([token]):
            states = self._source.after(states).get(byte, frozenset())
        return states

    def allowed(self, states: States) -> list[int]:
        """Return the tokens that may follow, in ascending order."""
        tokens = self._allowed.get(states)
        if tokens is None:
            tokens = self._vocabulary.allowed(self._source, states) if states else []
            if not tokens or self._source.finished(states):
                tokens += self._ends
            self._allowed[states] = tokens = sorted(tokens)
        return tokens

    def steps(self, states: States, draft: Sequence[int]) -> list[list[int]]:
        """Return the tokens that may follow an answer and each token of a draft, up to the first that is not allowed.

        These are k + 1 lists if the first k tokens of the draft are allowed.
        """
        steps = [self.allowed(states)]
        for token in draft:
            if token not in steps[-1]:
                break
            states = self.after(states, token)
            steps.append(self.allowed(states))
        return steps


def _contents(tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[int, bytes]]:
    """Yield each token with its bytes."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    if "<0x0A>" in vocabulary:  # SentencePiece with bytes
        for token, number in vocabulary.items():
            byte = _BYTE.fullmatch(token)
            yield number, bytes.fromhex(byte[1]) if byte else token.replace("▁", " ").encode()
        return
    letters: dict[str, int] = {letter: byte for byte, letter in bytes_to_unicode().items()}  # type: ignore[no-untyped-call]
    # Byte-level BPE has a token for every byte that occurs in text: for a space the letter Ġ.
    if not {"Ġ", "<", "/", ">"} <= vocabulary.keys():
        raise MarknerError(
            "the bytes of this tokenizer's tokens are not known, so marking cannot be constrained",
            "use `decoding: {method: copy-draft}`",
        )
    for token, number in vocabulary.items():
        if all(letter in letters for letter in token):
            yield number, bytes(letters[letter] for letter in token)
