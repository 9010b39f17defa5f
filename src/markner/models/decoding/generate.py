"""Answers of a causal language model: greedy, batched, streamed batch by batch."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from markner.markup import MARKS, AnyMarks, escape_marks
from markner.models.causal.examples import encode_prompts, encode_texts
from markner.models.decoding.confidence import ChoiceRecorder, mark_confidences
from markner.models.decoding.constrained import Vocabulary
from markner.models.decoding.copy_draft import CopyDraft
from markner.models.decoding.query import Decoded, Query, until_end
from markner.models.padding import pad_rows, row_mask
from markner.study.schema.systems import Decoding

_BATCHES = 8
"""Batches that are decoded together, and decoded again after an interruption."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one prompt: its index among the prompts, and its text without special tokens."""

    index: int
    text: str
    limit_reached: bool
    """No end token came within the allowed length."""
    confidences: Sequence[float] = ()
    """Of each span that `markup.strip_marks` finds in the text; see `confidence.mark_confidences`."""


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    inputs: Sequence[str],
    decoding: Decoding,
    answered: Collection[int] = (),
    marks: AnyMarks = MARKS,
) -> Iterator[Answer]:
    """Answer prompts with the most probable token each time, until the end token.

    Prompts of similar length are decoded together, longest first, so that memory runs out at once or never. `greedy`
    gives the answers of a batch as soon as it is done. The other methods decode eight batches together: the next
    prompts take the places of answers that are done.

    `greedy` and `copy-draft` give the same tokens but for rounding: in float32 they are equal, in bfloat16 near ties
    can fall either way, as they can between two batch sizes. `constrained` gives others wherever free answers would not
    be their input with marks.

    The model is on the device it shall run on, with `sdpa` attention. `inputs` are the sentences in the prompts, whose
    marks are escaped as in the prompts. An answer may have twice their tokens (with typed marks once more for each
    further type) and `max_new_tokens_margin` more; `copy-draft` and `constrained` take them as their draft. `answered`
    are the indices of prompts whose answers are known: what is decoded together is left out if all of it is known, and
    is the same as without them if not.
    """
    ends = end_tokens(model, tokenizer)
    inputs = [escape_marks(text, marks) for text in inputs]
    queries = [
        Query(prompt, text, (1 + len(marks.types)) * len(ids) + decoding.max_new_tokens_margin, marks)
        for prompt, text, ids in zip(
            encode_prompts(tokenizer, prompts), inputs, encode_texts(tokenizer, inputs), strict=True
        )
    ]
    order = sorted(range(len(queries)), key=lambda index: (-len(queries[index].prompt), index))
    vocabulary = Vocabulary(tokenizer) if decoding.method == "constrained" else None
    method: Method = partial(_greedy, model, tokenizer)
    together = decoding.batch_size
    if decoding.method != "greedy" and queries:
        method = CopyDraft(model, tokenizer, queries, decoding.batch_size, vocabulary)
        together *= _BATCHES
    for start in range(0, len(order), together):
        part = order[start : start + together]
        if all(index in answered for index in part):
            continue
        with torch.inference_mode():
            rows = method([queries[index] for index in part], ends)
        for index, row in zip(part, rows, strict=True):
            finished = bool(row.tokens) and row.tokens[-1] in ends
            text = str(tokenizer.decode(row.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))
            yield Answer(index, text, not finished, mark_confidences(tokenizer, row, text, marks))


Method = Callable[[Sequence[Query], frozenset[int]], Sequence[Decoded]]
"""Decodes queries, in their order."""


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Tokens that end an answer: the tokenizer's, and those the model came with (chat models have several)."""
    configured = model.generation_config.eos_token_id if model.generation_config is not None else None
    own = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in [*own, tokenizer.eos_token_id] if isinstance(token, int))


def _greedy(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, queries: Sequence[Query], ends: frozenset[int]
) -> list[Decoded]:
    """Decode with Hugging Face `generate`."""
    recorder = ChoiceRecorder()
    rows = continuations(
        model,
        tokenizer,
        [query.prompt for query in queries],
        ends,
        [recorder],
        do_sample=False,
        num_beams=1,
        max_new_tokens=max(query.limit for query in queries),
    )
    answers = [until_end(row, ends, query.limit) for row, query in zip(rows, queries, strict=True)]
    return [Decoded(answer, values[: len(answer)]) for answer, values in zip(answers, recorder.rows(), strict=True)]


def continuations(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    ends: frozenset[int],
    processors: Sequence[Any] = (),
    **options: Any,
) -> list[list[int]]:
    """Continue prompts together, padded on the left, with Hugging Face `generate`.

    Padding follows the token of `ends` that ends a continuation. `options` are those of the `GenerationConfig`. All
    others have the library's defaults, not those of the model, such as a temperature or a repetition penalty.
    """
    ids = pad_rows(prompts, tokenizer.pad_token_id, "left")
    mask = row_mask(prompts, "left")
    settings: Any = GenerationConfig
    writer: Any = model
    own, model.generation_config = model.generation_config, settings()
    try:
        out = writer.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            logits_processor=list(processors),
            generation_config=settings(eos_token_id=sorted(ends), pad_token_id=tokenizer.pad_token_id, **options),
        )
    finally:
        model.generation_config = own
    rows: list[list[int]] = out[:, ids.shape[1] :].tolist()
    return rows
