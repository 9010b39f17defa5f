"""Predictions of a generative system for a corpus, written as they come and resumed after an interruption."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from markner.data.context import contexts
from markner.data.documents import read_sentences
from markner.data.tokens import token_text
from markner.errors import MarknerError
from markner.models.checkpoints import fingerprint, resumed_bar, resumed_rows
from markner.models.decoding.generate import Answer
from markner.models.decoding.pieces import ask_pieces, join_answers, positions_of, sentence_pieces
from markner.models.weights import load_for_decoding, load_tokenizer
from markner.predictions import Prediction, write_predictions
from markner.study.params import EntityPrompt
from markner.study.schema.systems import Decoding


def predict(
    model_folder: Path,
    sentences: Path,
    prompt: EntityPrompt,
    decoding: Decoding,
    output: Path,
    *,
    tokenize: bool = False,
) -> None:
    """Answer every sentence of a corpus and write the predictions in the order of the sentences.

    Answers are appended to `<output>.partial` as they come; a later call with the same model, sentences and settings
    goes on from there, with the same batches. The finished file is written whole, and the partial one removed. A
    sentence that is too long for the model is asked in pieces (`markner.models.decoding.pieces`). With `tokenize`, the
    model reads the tokens of raw sentences, joined by one space.

    Raises:
        MarknerError: The model cannot be loaded, or the sentence file is malformed or repeats an identifier.
    """
    rows = list(read_sentences(sentences))
    if len({row.id for row in rows}) < len(rows):
        raise MarknerError(f"{sentences}: two sentences have the same id", "make the corpus again")
    tokens = [token_text(row.text) for row in rows] if tokenize else []
    texts = [each.text for each in tokens] or [row.text for row in rows]
    tokenizer = load_tokenizer(model_folder)
    read = [replace(row, text=text) for row, text in zip(rows, texts, strict=True)]
    around = [context.text for context in contexts(read, prompt.context)]
    pieces = sentence_pieces(texts, tokenizer, prompt, decoding, positions_of(model_folder), around)
    partial = output.with_name(output.name + ".partial")
    job = fingerprint([pieces, prompt.model_dump(), decoding.model_dump()], folders=[model_folder])
    answers = {row["index"]: Answer(**row) for row in resumed_rows(partial, job)}
    if len(answers) < len(pieces):
        model = load_for_decoding(model_folder, decoding.precision)
        known = frozenset(answers)
        with (
            partial.open("a", encoding="utf-8") as stream,
            resumed_bar(len(pieces), len(known), "sentence") as bar,
        ):
            for answer in ask_pieces(model, tokenizer, pieces, prompt, decoding, known):
                if answer.index not in known:
                    answers[answer.index] = answer
                    stream.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")
                    stream.flush()
                    bar.update()
    in_order = [answers[number] for number in range(len(pieces))]
    joined = join_answers(texts, pieces, in_order, prompt.all_marks, prompt.entity, tokens)
    write_predictions(output, (Prediction(row.id, *answered) for row, answered in zip(rows, joined, strict=True)))
    partial.unlink(missing_ok=True)
