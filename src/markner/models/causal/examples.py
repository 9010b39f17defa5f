"""Training examples as token ids. Prompt and answer are tokenized separately, and nothing is truncated."""

from collections.abc import Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from markner.data.instructions import Instance, render_prompt
from markner.errors import MarknerError
from markner.study.schema.systems import Training


class Example(NamedTuple):
    """Token ids of one training example; only the answer has a loss."""

    prompt: list[int]
    answer: list[int]
    """Ends with the end token."""

    def __len__(self) -> int:
        """Return the number of tokens of prompt and answer."""
        return len(self.prompt) + len(self.answer)


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of prompts, with the start token if the tokenizer has one, without an end token.

    The name of a special token in a text, such as `</s>`, is text, here and in `encode_texts`.
    """
    end = tokenizer.eos_token_id
    encoded = tokenizer(list(prompts), return_attention_mask=False, split_special_tokens=True)
    rows: list[list[int]] = encoded["input_ids"]
    return [row[:-1] if len(row) > 1 and row[-1] == end and row[0] != end else row for row in rows]


def encode_texts(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of texts without special tokens."""
    encoded = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, split_special_tokens=True)
    rows: list[list[int]] = encoded["input_ids"]
    return rows


def build_examples(
    instances: Sequence[Instance], template: str, tokenizer: PreTrainedTokenizerBase, training: Training
) -> tuple[list[Example], int]:
    """Tokenize an instruction set; `template` is the text around instruction, context and input.

    Prompt and answer are tokenized separately and joined, so the boundary in training is the same as in decoding. The
    loss is limited by position, not by token id: many models use their end token for padding, and a model trained with
    the end token masked never stops.

    Returns:
        The examples in the order of the instances, and the number of examples excluded as too long.

    Raises:
        MarknerError: An example is too long and `too_long` is `error`; no example is left; the tokenizer has no end
            token.
    """
    end = tokenizer.eos_token_id
    if not isinstance(end, int):
        raise MarknerError(
            "the tokenizer has no end token, so the model cannot learn to stop",
            "set eos_token in tokenizer_config.json",
        )
    if not instances:
        raise MarknerError("the instruction set is empty", "check the mixture's corpora, `fraction` and `limit`")
    prompts = encode_prompts(
        tokenizer, [render_prompt(template, row.instruction, row.input, context=row.context) for row in instances]
    )
    answers = encode_texts(tokenizer, [row.output for row in instances])
    examples = [Example(prompt, [*answer, end]) for prompt, answer in zip(prompts, answers, strict=True)]
    kept = [example for example in examples if len(example) <= training.max_length]
    excluded = len(examples) - len(kept)
    if excluded and training.too_long == "error":
        number, worst = max(enumerate(examples), key=lambda pair: len(pair[1]))
        raise MarknerError(
            f"{excluded} of {len(examples)} examples have more than `max_length` {training.max_length} tokens; the"
            f" longest, instance {number}, has {len(worst)}: {instances[number].input[:80]!r}",
            f"set `max_length` to {len(worst)} or more, or `too_long: exclude`",
        )
    if not kept:
        raise MarknerError(
            f"all {excluded} examples have more than `max_length` {training.max_length} tokens", "raise `max_length`"
        )
    return kept, excluded
