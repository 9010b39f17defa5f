"""Decoding and prediction with a tiny LLaMA that has learned a handful of sentences."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_llama import (
    INSTANCES,
    INSTRUCTION,
    SENTENCES,
    TEMPLATE,
    sentencepiece_tokenizer,
)
from transformers import GenerationConfig

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.instructions import render_prompt
from markner.errors import MarknerError
from markner.markup import MARKS, Marks, mark, strip_marks
from markner.models.causal.examples import encode_prompts, encode_texts
from markner.models.decoding.drafts import continuation, drafts, repeated
from markner.models.decoding.generate import Answer, generate
from markner.models.decoding.predict import predict
from markner.models.decoding.query import Query
from markner.models.weights import load_causal, load_tokenizer
from markner.predictions import read_predictions
from markner.study.params import EntityPrompt
from markner.study.schema.systems import Decoding

pytest_plugins = ["tiny_llama"]

INPUTS = [row.input for row in INSTANCES] + [
    "A new sentence about ataxia , and p < 0.05 .",
    "α",
    "Wilms tumour and diabetes and retinoblastoma .",
]
GREEDY = Decoding(method="greedy", batch_size=4, precision="fp32", max_new_tokens_margin=8)
COPY = GREEDY.model_copy(update={"method": "copy-draft"})
ASKED = EntityPrompt(template=TEMPLATE, instruction=INSTRUCTION)


def answers(folder: Path, decoding: Decoding, inputs: list[str] = INPUTS) -> tuple[list[Answer], int]:
    """Answers in the order of the inputs, and the forward passes that they took."""
    model, tokenizer = load_causal(folder, torch.float32), load_tokenizer(folder)
    passes = 0

    def count(*_: object) -> None:
        nonlocal passes
        passes += 1

    model.register_forward_pre_hook(count)
    prompts = [render_prompt(TEMPLATE, INSTRUCTION, text) for text in inputs]
    found = list(generate(model, tokenizer, prompts, inputs, decoding))
    return sorted(found, key=lambda answer: answer.index), passes


def assert_same(answers: list[Answer], others: list[Answer]) -> None:
    """Answers are equal, and their confidences up to rounding in the last digits of float32."""
    assert [replace(answer, confidences=()) for answer in answers] == [replace(it, confidences=()) for it in others]
    for answer, other in zip(answers, others, strict=True):
        assert answer.confidences == pytest.approx(other.confidences, rel=1e-4)


def test_a_tuned_model_answers_and_stops(tuned: Path) -> None:
    found, _ = answers(tuned, GREEDY, [row.input for row in INSTANCES])
    assert [answer.text for answer in found] == [row.output for row in INSTANCES]
    assert not any(answer.limit_reached for answer in found)


@pytest.mark.parametrize("batch_size", [1, 4, 16])
def test_copy_draft_gives_the_answers_of_greedy(tuned: Path, untuned: Path, batch_size: int) -> None:
    for folder in (tuned, untuned):
        greedy, _ = answers(folder, GREEDY)
        copied, _ = answers(folder, COPY.model_copy(update={"batch_size": batch_size}))
        assert_same(copied, greedy)


def test_copy_draft_takes_a_fraction_of_the_passes(tuned: Path) -> None:
    known = [row.input for row in INSTANCES]
    greedy, slow = answers(tuned, GREEDY, known)
    copied, fast = answers(tuned, COPY, known)
    assert_same(copied, greedy)
    assert fast * 3 <= slow


def test_the_next_prompts_take_the_places_of_answers_that_are_done(tuned: Path) -> None:
    by_length = sorted((row.input for row in INSTANCES), key=len, reverse=True)
    pairs = COPY.model_copy(update={"batch_size": 2})
    _, together = answers(tuned, pairs, by_length)
    alone = sum(answers(tuned, pairs, by_length[start : start + 2])[1] - 1 for start in range(0, len(by_length), 2))
    assert together - 1 < alone, "one pass of each reads what all prompts begin with"


@pytest.mark.parametrize(
    "marks", [MARKS, Marks("[", "]"), Marks("@@", "##"), Marks('<span class="disease">', "</span>")]
)
def test_a_begun_answer_goes_on_through_any_marks(marks: Marks) -> None:
    source = "ataxia and breast cancer"
    spans = [Span(0, 6), Span(11, 24)]
    written = mark(source, spans, marks)
    for cut in range(1, len(written)):
        begun = written[:cut]
        plain, _, places, _ = strip_marks(written, marks)
        bounds = sorted(place for span in places for place in span)
        # The place of a mark that the cut divides.
        divided = next(
            (
                (start, start + len(each))
                for start, each in zip(bounds, [marks.open, marks.close] * 2, strict=True)
                for start in [start if each == marks.open else start - len(each)]
                if start < cut < start + len(each)
            ),
            None,
        )
        rest = written[cut : divided[1]] if divided else ""
        copied = strip_marks(begun[: divided[0]] if divided else begun, marks).text
        assert continuation(source, begun, marks)[0] == rest + plain[len(copied) :], begun


@pytest.mark.parametrize("text", ["ab a", "a <b", "α ab"])
def test_the_first_draft_is_the_encoding_that_training_has_of_the_input(text: str) -> None:
    tokenizer = sentencepiece_tokenizer()
    (encoded,) = encode_texts(tokenizer, [text])
    query = Query([1], text, 99)
    first, rest = drafts(tokenizer, [(query, []), (query, encoded[:1])], 48)
    assert first == [*encoded, tokenizer.eos_token_id]
    assert encoded[:1] + rest == first, "later drafts go on within the text"


def test_the_name_of_a_special_token_in_a_text_is_text(untuned: Path) -> None:
    tokenizer = load_tokenizer(untuned)
    end, text = tokenizer.eos_token_id, f"cells {tokenizer.eos_token} with ataxia"
    (encoded,) = encode_texts(tokenizer, [text])
    (prompt,) = encode_prompts(tokenizer, [render_prompt(TEMPLATE, INSTRUCTION, text)])
    assert end not in encoded
    assert end not in prompt
    assert tokenizer.decode(encoded) == text
    (draft,) = drafts(tokenizer, [(Query([1], text, 99), [])], 48)
    assert draft == [*encoded, end], "the one end token is that of the answer"


def test_the_limit_counts_for_each_row(untuned: Path) -> None:
    tokenizer = load_tokenizer(untuned)
    for decoding in (GREEDY, COPY):
        found, _ = answers(untuned, decoding)
        for answer, text in zip(found, INPUTS, strict=True):
            limit = 2 * len(tokenizer(text)["input_ids"]) + decoding.max_new_tokens_margin
            assert answer.limit_reached
            assert len(tokenizer(answer.text)["input_ids"]) <= limit


def test_settings_that_came_with_the_model_do_not_sample(tuned: Path, tmp_path: Path) -> None:
    model = load_causal(tuned, torch.float32)
    model.generation_config = GenerationConfig(do_sample=True, temperature=5.0, repetition_penalty=9.0)
    model.save_pretrained(tmp_path)
    load_tokenizer(tuned).save_pretrained(tmp_path)
    assert answers(tmp_path, GREEDY)[0] == answers(tuned, GREEDY)[0]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", ("a bc de", False)),
        ("a b", ("c de", False)),
        ("a <mark>bc", (" de", True)),
        ("a <mark>bc</mark>", (" de", False)),
        ("a <", ("mark>bc de", True)),
        ("a <ma", ("rk>bc de", True)),
        ("a <mark>bc<", ("/mark> de", False)),
        ("a <mark>bc</m", ("ark> de", False)),
        ("a bc de", ("", False)),
    ],
)
def test_continuation_goes_through_tags(answer: str, expected: tuple[str, bool]) -> None:
    assert continuation("a bc de", answer) == expected


def test_continuation_of_a_less_than_sign_is_text() -> None:
    assert continuation("p < 0.05", "p <") == (" 0.05", False)


def test_continuation_takes_up_an_answer_that_left_the_input() -> None:
    source = "the first gene and the second gene were found here"
    assert continuation(source, "one and the second gene")[0] == " were found here"
    assert continuation(source, "something else altogether")[0] == ""


def test_an_answer_that_repeats_itself_is_drafted_from_itself() -> None:
    loop = [1, 2, 3, 4, 5, 6, 7, 8]
    assert repeated([9, *loop, *loop[:6]])[:12] == [7, 8, *loop, 1, 2]
    assert repeated([9, *loop, *loop[:5]]) == []
    assert set(repeated([1] * 7)) == {1}
    assert repeated([1] * 6) == repeated([]) == []


def sentences(path: Path) -> list[Sentence]:
    rows = [
        Sentence(f"s{n}", "d", text, spans=tuple(Span(*span) for span in spans))
        for n, (text, spans) in enumerate(SENTENCES)
    ]
    write_sentences(path, rows)
    return rows


def test_predictions_come_in_order_with_spans(tuned: Path, tmp_path: Path) -> None:
    rows = sentences(tmp_path / "test.jsonl")
    output = tmp_path / "predictions.jsonl"
    predict(tuned, tmp_path / "test.jsonl", ASKED, COPY, output)
    found = list(read_predictions(output))
    assert [row.id for row in found] == [row.id for row in rows]
    assert [row.spans for row in found] == [row.spans for row in rows]
    assert {row.status for row in found} == {"ok"}
    assert [row.raw for row in found] == [row.output for row in INSTANCES]
    assert all(row.confidences is not None and len(row.confidences) == len(row.spans) for row in found)
    assert all(0 < value < 1 for row in found for value in row.confidences or ())
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_an_interrupted_prediction_goes_on(tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences(tmp_path / "test.jsonl")
    output, partial = tmp_path / "predictions.jsonl", tmp_path / "predictions.jsonl.partial"
    arguments = (tuned, tmp_path / "test.jsonl", ASKED, COPY)
    predict(*arguments, tmp_path / "straight.jsonl")

    def killed(*arguments: object) -> object:
        for number, answer in enumerate(generate(*arguments)):  # type: ignore[arg-type]
            if number == 5:
                raise KeyboardInterrupt
            yield answer

    with monkeypatch.context() as patch:
        patch.setattr("markner.models.decoding.pieces.generate", killed)
        with pytest.raises(KeyboardInterrupt):
            predict(*arguments, output)
    assert not output.exists()
    lines = partial.read_bytes().split(b"\n")
    assert len(lines) == 7
    # What is in the file is taken over as it is, and the torn line is decoded again.
    changed = json.loads(lines[1]) | {"text": "of the first session"}
    torn = lines[5][:20]
    partial.write_bytes(b"\n".join([lines[0], json.dumps(changed).encode(), *lines[2:5], torn]))
    predict(*arguments, output)
    straight = {row.id: row for row in read_predictions(tmp_path / "straight.jsonl")}
    for row in read_predictions(output):
        if row.id == f"s{changed['index']}":
            assert (row.raw, row.spans) == ("of the first session", ())
        else:
            assert row == straight[row.id], "decoded in the same batches, so with the same confidences"
    assert not partial.exists()


def test_a_partial_file_of_other_settings_is_not_taken_over(tuned: Path, tmp_path: Path) -> None:
    sentences(tmp_path / "test.jsonl")
    output = tmp_path / "predictions.jsonl"
    stale = {"index": 0, "text": "stale", "limit_reached": False, "confidences": []}
    (tmp_path / "predictions.jsonl.partial").write_text('{"fingerprint": "other"}\n' + json.dumps(stale) + "\n")
    predict(tuned, tmp_path / "test.jsonl", ASKED, COPY, output)
    assert next(read_predictions(output)).raw == INSTANCES[0].output


def test_two_sentences_of_one_id_are_an_error(tuned: Path, tmp_path: Path) -> None:
    write_sentences(tmp_path / "test.jsonl", [Sentence("s", "d", "a"), Sentence("s", "d", "b")])
    with pytest.raises(MarknerError, match="same id"):
        predict(tuned, tmp_path / "test.jsonl", ASKED, COPY, tmp_path / "out.jsonl")


@pytest.mark.models
@pytest.mark.slow
def test_copy_draft_gives_the_answers_of_greedy_with_a_real_model(smollm2: Path) -> None:
    known = [row.input for row in INSTANCES][:4]
    greedy, slow = answers(smollm2, GREEDY, known)
    copied, fast = answers(smollm2, COPY, known)
    assert_same(copied, greedy)
    assert fast < slow
