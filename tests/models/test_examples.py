"""Tests of `markner.models.causal.examples`."""

import pytest
from tiny_llama import INSTANCES, TEMPLATE, write_tiny_llama
from transformers import PreTrainedTokenizerBase

from markner.data.instructions import render_prompt
from markner.errors import MarknerError
from markner.models.causal.examples import build_examples
from markner.models.weights import load_tokenizer
from markner.study.schema.systems import Training


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    return load_tokenizer(write_tiny_llama(tmp_path_factory.mktemp("tiny")))


def test_an_example_is_prompt_and_answer_and_one_end_token(tokenizer: PreTrainedTokenizerBase) -> None:
    examples, excluded = build_examples(INSTANCES, TEMPLATE, tokenizer, Training())
    assert excluded == 0
    for example, row in zip(examples, INSTANCES, strict=True):
        assert tokenizer.decode(example.prompt) == render_prompt(TEMPLATE, row.instruction, row.input)
        assert tokenizer.decode(example.answer[:-1]) == row.output
        assert example.answer[-1] == tokenizer.eos_token_id
        assert (example.prompt + example.answer).count(tokenizer.eos_token_id) == 1


def test_a_too_long_example_is_an_error_that_names_it(tokenizer: PreTrainedTokenizerBase) -> None:
    examples, _ = build_examples(INSTANCES, TEMPLATE, tokenizer, Training())
    lengths = [len(example) for example in examples]
    longest = max(lengths)
    build_examples(INSTANCES, TEMPLATE, tokenizer, Training(max_length=longest))
    with pytest.raises(MarknerError, match=f"instance {lengths.index(longest)}, has {longest}") as error:
        build_examples(INSTANCES, TEMPLATE, tokenizer, Training(max_length=longest - 1))
    assert f"`max_length` to {longest}" in error.value.fix


def test_too_long_examples_are_excluded_whole_and_counted(tokenizer: PreTrainedTokenizerBase) -> None:
    examples, _ = build_examples(INSTANCES, TEMPLATE, tokenizer, Training())
    limit = sorted(map(len, examples))[2]
    kept, excluded = build_examples(INSTANCES, TEMPLATE, tokenizer, Training(max_length=limit, too_long="exclude"))
    assert kept == [example for example in examples if len(example) <= limit]
    assert excluded == len(examples) - len(kept) > 0
    with pytest.raises(MarknerError, match="all 7 examples"):
        build_examples(INSTANCES, TEMPLATE, tokenizer, Training(max_length=16, too_long="exclude"))


def test_an_empty_set_is_an_error(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(MarknerError, match="empty"):
        build_examples([], TEMPLATE, tokenizer, Training())
