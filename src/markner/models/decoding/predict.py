"""Predictions of a generative system for a corpus, written as they come and resumed after an interruption."""

import json
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from markner.data.documents import Sentence, read_sentences
from markner.data.instructions import render_prompt
from markner.errors import MarknerError
from markner.markup import Marks, align
from markner.models.checkpoints import fingerprint, resumed_rows
from markner.models.decoding.generate import Answer, generate
from markner.models.device import device
from markner.models.weights import load_causal, load_tokenizer
from markner.predictions import Prediction, write_predictions
from markner.study.params import EntityPrompt
from markner.study.schema.systems import Decoding


def predict(model_folder: Path, sentences: Path, prompt: EntityPrompt, decoding: Decoding, output: Path) -> None:
    """Answer every sentence of a corpus and write the predictions in the order of the sentences.

    Answers are appended to `<output>.partial` batch by batch; a later call with the same model, sentences and
    settings goes on from there, with the same batches. The finished file is written whole, and the partial one removed.

    Args:
        model_folder: A model with tokenizer.
        sentences: Sentence file.
        prompt: Instruction, template and marks.
        decoding: How answers are decoded.
        output: Prediction file.

    Raises:
        MarknerError: The model cannot be loaded, or the sentence file is malformed or repeats an identifier.
    """
    rows = list(read_sentences(sentences))
    if len({row.id for row in rows}) < len(rows):
        raise MarknerError(f"{sentences}: two sentences have the same id", "make the corpus again")
    marks = Marks(*prompt.marks)
    partial = output.with_name(output.name + ".partial")
    job = fingerprint([prompt.model_dump(), decoding.model_dump()], [sentences], [model_folder])
    answers = {
        row["id"]: Answer(-1, row["text"], row["limit_reached"], tuple(row["confidences"]))
        for row in resumed_rows(partial, job)
    }
    if len(answers) < len(rows):
        _decode(model_folder, rows, prompt, decoding, partial, answers)
    write_predictions(output, (_prediction(row, answers[row.id], marks) for row in rows))
    partial.unlink(missing_ok=True)


def _decode(
    model_folder: Path,
    rows: list[Sentence],
    prompt: EntityPrompt,
    decoding: Decoding,
    partial: Path,
    answers: dict[str, Answer],
) -> None:
    """Decode the sentences without an answer, adding each answer to `answers` and to the partial file."""
    tokenizer = load_tokenizer(model_folder)
    dtype = torch.bfloat16 if decoding.precision == "bf16" else torch.float32
    model = load_causal(model_folder, dtype)
    torch.nn.Module.to(model, device())
    marks = Marks(*prompt.marks)
    prompts = [render_prompt(prompt.template, prompt.instruction, row.text, marks) for row in rows]
    answered = {number for number, row in enumerate(rows) if row.id in answers}
    interval = 0.5 if sys.stderr.isatty() else 10.0
    with (
        partial.open("a", encoding="utf-8") as stream,
        tqdm(total=len(rows), initial=len(answers), unit="sentence", file=sys.stderr, mininterval=interval) as bar,
    ):
        for answer in generate(model, tokenizer, prompts, [row.text for row in rows], decoding, answered, marks):
            if answer.index in answered:
                continue
            row = rows[answer.index]
            answers[row.id] = answer
            line = {
                "id": row.id,
                "text": answer.text,
                "limit_reached": answer.limit_reached,
                "confidences": answer.confidences,
            }
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            stream.flush()
            bar.update()


def _prediction(row: Sentence, answer: Answer, marks: Marks) -> Prediction:
    aligned = align(row.text, answer.text, answer.limit_reached, marks)
    confidences = tuple(answer.confidences[source] for source in aligned.sources)
    return Prediction(row.id, aligned.spans, aligned.status, answer.text, confidences)
