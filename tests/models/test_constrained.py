"""Constrained marking: every answer is its input with marks, whatever the model would rather say."""

import random
from functools import reduce
from pathlib import Path

import pytest
import torch
from tiny_llama import INSTANCES, INSTRUCTION, TEMPLATE, sentencepiece_tokenizer, write_sentencepiece, write_tiny_llama
from tokenizers import AddedToken, Tokenizer, models
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from markner.data.instructions import render_prompt
from markner.errors import MarknerError
from markner.markup import MARKS, Marks, align, escape_marks
from markner.models.causal.examples import encode_prompts, encode_texts
from markner.models.decoding.constrained import Constraint, Vocabulary
from markner.models.decoding.generate import end_tokens, generate
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


def test_special_tokens_without_a_role_stand_for_no_text(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_tiny_llama(tmp_path / "llama"))
    tokenizer.add_tokens([AddedToken("<|x|>", special=True), AddedToken("<|y|>", special=False)])
    special, plain = tokenizer.convert_tokens_to_ids(["<|x|>", "<|y|>"])
    assert special not in tokenizer.all_special_ids
    vocabulary = Vocabulary(tokenizer)
    assert (vocabulary.bytes_of([special]), vocabulary.bytes_of([plain])) == (b"", b"<|y|>")


def searched(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, text: str, marks: Marks) -> str:
    """The answer of constrained search token by token, each from the whole text before it."""
    ends = end_tokens(model, tokenizer)
    constraint = Constraint(Vocabulary(tokenizer), tokenizer, Query([], text, 0, marks), ends)
    (begun,), states, tokens = encode_prompts(tokenizer, [prompt]), constraint.start, list[int]()
    for _ in range(2 * len(encode_texts(tokenizer, [text])[0]) + CONSTRAINED.max_new_tokens_margin):
        allowed = constraint.allowed(states)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([begun + tokens])).logits[0, -1]
        tokens.append(max(allowed, key=logits.tolist().__getitem__))
        if tokens[-1] in ends:
            break
        states = constraint.after(states, tokens[-1])
    return str(tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


@pytest.mark.parametrize("marks", [MARKS, Marks("[", "]"), Marks("@@", "##")])
@pytest.mark.parametrize("sentencepiece", [False, True])
def test_drafts_change_no_answer_of_constrained_search(
    folder: Path, tmp_path: Path, sentencepiece: bool, marks: Marks
) -> None:
    if sentencepiece:
        write_sentencepiece(write_tiny_llama(tmp_path))
    model = load_causal(folder, torch.float32)
    tokenizer = load_tokenizer(tmp_path if sentencepiece else folder)
    source = random.Random(f"{marks}/{sentencepiece}")
    torch.manual_seed(source.randrange(1000))
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=source.choice([0.05, 0.5]))
    pieces = ["ataxia", "in mice", "0.05", *("   ", "<", "<m", "</", "@", "@@", "#", "[", "α", "🧬", "é", "\n")]
    texts = [*INPUTS, *("".join(source.choices(pieces, k=source.randint(1, 9))) for _ in range(12))]
    prompts = [f"{escape_marks(text, marks)} >" for text in texts]
    answers = {it.index: it.text for it in generate(model, tokenizer, prompts, texts, CONSTRAINED, marks=marks)}
    for number, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        assert answers[number] == searched(model, tokenizer, prompt, escape_marks(text, marks), marks), text


def test_each_step_allows_the_text_a_mark_or_the_end() -> None:
    tokenizer = sentencepiece_tokenizer()
    vocabulary, number = Vocabulary(tokenizer), tokenizer.get_vocab()
    constraint = Constraint(vocabulary, tokenizer, Query([], "ab a", 99), frozenset({number["</s>"]}))

    def after(*tokens: str) -> set[bytes]:
        states = reduce(constraint.after, (number[token] for token in tokens), constraint.start)
        return {vocabulary.bytes_of([token]) for token in constraint.allowed(states)}

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
