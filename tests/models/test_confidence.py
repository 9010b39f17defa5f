"""Confidences of mentions in answers, against the enumeration of all answers that a small model can give."""

import math
from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from itertools import pairwise

import pytest
import torch
from tiny_llama import sentencepiece_tokenizer
from tokenizers import Tokenizer, decoders, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from markner.markup import align
from markner.models.decoding.confidence import mark_confidences
from markner.models.decoding.constrained import Constraint, Vocabulary
from markner.models.decoding.generate import Answer, generate
from markner.models.decoding.query import Decoded, Query
from markner.study.schema.systems import Decoding

pytestmark = pytest.mark.usefixtures("one_thread")

PIECES = ("<unk>", "<end>", "<0x0A>", "a", "b", "<mark>", "</mark>", "</mark>b")
END = PIECES.index("<end>")
PROMPT, TEXT = "ba", "ab"
LIMIT = 5  # twice the tokens of the text, and the margin
Tokens = tuple[int, ...]


def tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    inner = Tokenizer(models.BPE(vocabulary, [], byte_fallback=True))
    inner.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<end>", pad_token="<end>", unk_token="<unk>", bos_token=None
    )


def model(seed: int) -> LlamaForCausalLM:
    """A model that has learned a little of three different answers to the text."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(PIECES),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        eos_token_id=END,
        bos_token_id=None,
    )
    weights = LlamaForCausalLM(config)
    optimizer = torch.optim.Adam(weights.parameters(), lr=0.02)
    learned = ["<mark> a </mark>b <end> <end>", "<mark> a b </mark> <end>", "a <mark> b </mark> <end>"]
    ids = torch.tensor([[*ids_of(PROMPT), *ids_of(answer.split())] for answer in learned])
    for _ in range(25):
        weights(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return weights.eval()


def ids_of(pieces: Iterable[str]) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


def answer_of(weights: LlamaForCausalLM, method: str) -> Answer:
    decoding = Decoding(method=method, batch_size=2, max_new_tokens_margin=1)  # type: ignore[arg-type]
    (answer,) = generate(weights, tokenizer(), [PROMPT], [TEXT], decoding)
    return answer


def beginnings(weights: LlamaForCausalLM, constrained: bool = False) -> tuple[dict[Tokens, float], set[Tokens]]:
    """The probability of all answers together that begin with the same tokens, and the whole answers."""
    pieces = tokenizer()
    vocabulary = Vocabulary(pieces)
    open_answers: dict[Tokens, float] = {(): 1.0}
    answers: dict[Tokens, float] = {}
    for _ in range(LIMIT):
        with torch.inference_mode():
            logits = weights(input_ids=torch.tensor([[*ids_of(PROMPT), *tokens] for tokens in open_answers])).logits
        following: dict[Tokens, float] = {}
        for (tokens, before), row in zip(open_answers.items(), logits[:, -1].double(), strict=True):
            if constrained:
                constraint = Constraint(vocabulary, pieces, Query([], TEXT, 99), frozenset({END}))
                allowed = constraint.allowed(reduce(constraint.after, tokens, constraint.start))
                row[[token for token in range(len(PIECES)) if token not in allowed]] = -math.inf
            for token, probability in enumerate(row.softmax(0).tolist()):
                (answers if token == END else following)[*tokens, token] = before * probability
        open_answers = {tokens: value for tokens, value in following.items() if value > 0}
    answers |= open_answers
    together: dict[Tokens, float] = defaultdict(float)
    for tokens, value in answers.items():
        for count in range(len(tokens) + 1):
            together[tokens[:count]] += value
    return together, set(answers)


def stretches(tokens: Tokens) -> list[slice]:
    """From the opening to the closing mark of each outermost mention that is not empty."""
    found, opened = [], []
    for place, piece in enumerate(PIECES[token] for token in tokens):
        if piece == "<mark>":
            opened.append(place)
        elif piece.startswith("</mark>") and opened:
            first = opened.pop()
            letters = {PIECES[token] for token in tokens[first:place]} & {"a", "b", "<0x0A>", "</mark>b"}
            if not opened and letters:
                found.append(slice(first, place + 1))
    return found


@pytest.mark.parametrize("method", ["greedy", "copy-draft", "constrained"])
def test_a_confidence_is_the_share_of_answers_that_go_on_with_the_mention(method: str) -> None:
    for seed in range(3):
        weights = model(seed)
        together, answers = beginnings(weights, method == "constrained")
        assert together[()] == pytest.approx(1)
        best: Tokens = ()
        while best not in answers:
            best = max(((*best, token) for token in range(len(PIECES))), key=lambda begin: together.get(begin, 0))
        parts = stretches(best)
        expected = [together[best[: part.stop]] / together[best[: part.start]] for part in parts]
        assert answer_of(weights, method).confidences == pytest.approx(expected, rel=1e-4)
        assert len(expected) > 0
        assert all(0 < value < 1 for value in expected)


def test_all_mentions_at_one_place_sum_to_the_probability_of_the_opening_mark() -> None:
    (together, answers), pieces = beginnings(model(0)), tokenizer()
    total, seen = 0.0, set()
    for tokens in answers:
        if PIECES[tokens[0]] != "<mark>":
            continue
        mention = next((tokens[part] for part in stretches(tokens) if part.start == 0), None)
        if mention is None:
            total += together[tokens]  # never closed, or empty
        elif mention not in seen:
            seen.add(mention)
            steps = [together[mention[:count]] for count in range(len(mention) + 1)]
            logs = [math.log(after / before) for before, after in pairwise(steps)]
            text = pieces.decode(mention, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            total += mark_confidences(pieces, Decoded(list(mention), logs), text)[0]
    assert total == pytest.approx(together[tuple(ids_of(["<mark>"]))])
    assert len(seen) > 50


def test_a_token_that_a_mark_shares_counts_whole_and_the_other_text_does_not() -> None:
    pieces = sentencepiece_tokenizer()
    tokens = [
        "▁a",
        "▁<",
        "mark",
        ">",
        "ab",
        "</mark>",
        "<mark>",
        "<0xCE>",
        "<0xB1>",
        "<",
        "/",
        "mark",
        ">",
        "b",
        "</s>",
    ]
    logs = [-(2.0**place) for place in range(len(tokens))]
    ids = pieces.convert_tokens_to_ids(tokens)
    text = pieces.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert text == "a <mark>ab</mark><mark>α</mark>b"
    expected = [math.exp(sum(logs[1:6])), math.exp(sum(logs[6:13]))]
    assert mark_confidences(pieces, Decoded(ids, logs), text) == pytest.approx(expected)


def test_confidences_follow_their_spans_through_the_alignment() -> None:
    answer = "<mark> </mark>The <mark>gene</mark> of <mark>elsewhere</mark> is <mark>p53</mark>"
    aligned = align("The gene of interest is p53", answer)
    assert [("The gene of interest is p53"[start:end]) for start, end in aligned.spans] == ["gene", "p53"]
    assert aligned.sources == (1, 3)
