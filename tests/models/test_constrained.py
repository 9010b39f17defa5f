"""Constrained marking: every answer is its input with marks, whatever the model would rather say."""

from pathlib import Path

import pytest
import torch
from tiny_llama import INSTANCES, INSTRUCTION, TEMPLATE, sentencepiece_tokenizer, write_tiny_llama
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from markner.data.instructions import render_prompt
from markner.errors import MarknerError
from markner.markup import MARKS, Marks, align
from markner.models.decoding.constrained import Constraint, Vocabulary
from markner.models.decoding.generate import generate
from markner.models.decoding.query import Query
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.systems import Decoding

pytestmark = pytest.mark.usefixtures("one_thread")

INPUTS = [
    *(row.input for row in INSTANCES),
    "p < 0.05 , not p <m 0.05 </ 3",
    "α-synuclein 🧬 β2 – naïve",
    "x",
    "tab\there",
]
CONSTRAINED = Decoding(method="constrained", batch_size=4, precision="fp32", max_new_tokens_margin=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("untuned"))


@pytest.mark.parametrize(
    ("seed", "marks"), [*((seed, MARKS) for seed in range(4)), (1, Marks("[", "]")), (2, Marks("@@", "##"))]
)
def test_an_answer_of_random_weights_is_its_input_with_marks(folder: Path, seed: int, marks: Marks) -> None:
    model, tokenizer = load_causal(folder, torch.float32), load_tokenizer(folder)
    torch.manual_seed(seed)
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.5)
    prompts = [render_prompt(TEMPLATE, INSTRUCTION, text) for text in INPUTS]
    found = sorted(
        generate(model, tokenizer, prompts, INPUTS, CONSTRAINED, marks=marks), key=lambda answer: answer.index
    )
    assert len(found) == len(INPUTS)
    for answer, text in zip(found, INPUTS, strict=True):
        plain = answer.text.replace(marks.open, "").replace(marks.close, "")
        assert (
            text.startswith(plain.removesuffix("�").partition(marks.open[0])[0].partition(marks.close[0])[0])
            if answer.limit_reached
            else plain == text
        )
        if not answer.limit_reached:
            assert align(text, answer.text, marks=marks).status == "ok"


def words(vocabulary: Vocabulary, constraint: Constraint, tokens: list[int]) -> set[bytes]:
    return {vocabulary.bytes_of([token]) for token in constraint(0, torch.tensor(tokens))}


def test_each_step_allows_the_text_a_mark_or_the_end() -> None:
    tokenizer = sentencepiece_tokenizer()
    vocabulary, number = Vocabulary(tokenizer), tokenizer.get_vocab()
    end = number["</s>"]

    def after(*tokens: str) -> set[bytes]:
        constraint = Constraint(vocabulary, tokenizer, [Query([], "ab a", 99)], 0, frozenset({end}))
        return words(vocabulary, constraint, [number[token] for token in tokens])

    marks = {b"<", b"<mark>"}
    assert after() == {b" ", b" a", b" ab", b" <", b"a", b"ab"} | marks
    assert after("▁ab") == {b" ", b" a", b" <"} | marks
    assert after("▁", "<mark>") == {b"a", b"ab"}, "nothing is marked yet"
    assert after("▁", "<mark>", "a") == {b"b", b"<", b"</mark>"}
    assert after("▁", "<", "mark") == {b">"}
    assert after("▁ab", "▁a") == {b""}, "the end, and no mark around nothing"
    assert after("▁ab", "▁", "<mark>", "a") == {b"<", b"</mark>"}, "no end within a mark"
    assert after("▁ab", "▁a", "</s>") == {b""}


def test_a_tokenizer_without_bytes_is_refused(folder: Path) -> None:
    bare = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    with pytest.raises(MarknerError, match="marking cannot be constrained"):
        Vocabulary(PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="[UNK]"))
