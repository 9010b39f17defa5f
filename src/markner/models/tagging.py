"""Trained systems in memory, ready to tag sentences of any text."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markner.data.context import contexts
from markner.data.documents import Mention, Sentence, Span
from markner.data.tokens import token_text
from markner.errors import MarknerError
from markner.models.decoding.pieces import ask_pieces, join_answers, positions_of, sentence_pieces, worst
from markner.models.encoder.train import EVALUATION_BATCH, encode_as_trained, load_trained, tag_rows
from markner.models.weights import load_for_decoding, load_tokenizer
from markner.predictions import Status
from markner.study.params import EntityPrompt
from markner.study.schema.annotations import Tagger


class Tagged(NamedTuple):
    """The output of a system for one sentence: mentions at offsets in the sentence, and the status of each answer."""

    mentions: list[Mention]
    statuses: list[Status]


class EncoderSystem:
    """The best point of an encoder's grid, or its final model."""

    batch_size = EVALUATION_BATCH

    def __init__(self, settings: Tagger, folder: Path) -> None:
        final = folder.name == "final"
        selection = folder / ("final.json" if final else "selection.json")
        try:
            chosen = json.loads(selection.read_text(encoding="utf-8"))
            point = (
                chosen["point"] if final else next(row for row in chosen["points"] if row["name"] == chosen["selected"])
            )
            self._max_length = int(point["max_length"])
            model = folder / "model" if final else folder / "grid" / point["folder"] / "model"
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            raise MarknerError(f"{selection}: does not name a point of the grid", "run the study to its end") from error
        self._entity = next(iter(settings.instructions))
        self._tokenizer = load_tokenizer(model)
        self._model = load_trained(model, self._max_length)

    def tag(self, sentences: Sequence[str], documents: Sequence[str] | None = None) -> list[Tagged]:
        """Find the mentions of sentences; one of more word pieces than the model reads is read in windows.

        Args:
            sentences: Their texts.
            documents: The document of each, if they are all sentences of some documents, for models that read context.
        """
        alone = _in_documents(sentences, documents)
        rows = encode_as_trained(alone, self._model, self._tokenizer, self._max_length)
        tagged, _ = tag_rows(self._model, self._tokenizer, rows)
        return [Tagged(_mentions(self._entity, *scored.mentions()), ["ok"]) for scored in tagged]


class GenerativeSystem:
    """A causal language model, asked for one entity type after another, or with typed marks for all at once.

    One that was trained on tokens reads the tokens of each sentence, joined by one space.
    """

    def __init__(self, settings: Tagger, folder: Path) -> None:
        self._settings = settings
        self.batch_size = settings.decoding.batch_size
        self._positions = positions_of(folder)
        self._tokenizer = load_tokenizer(folder)
        self._model = load_for_decoding(folder, settings.decoding.precision)

    def tag(self, sentences: Sequence[str], documents: Sequence[str] | None = None) -> list[Tagged]:
        """Find the mentions of sentences, as `EncoderSystem` does; an answer counts as far as it can be aligned."""
        tagged = [Tagged([], []) for _ in sentences]
        tokens = [token_text(text) for text in sentences] if self._settings.tokenize else []
        texts = [each.text for each in tokens] or sentences
        decoding = self._settings.decoding
        together: dict[str, list[str]] = {}
        around = [each.text for each in contexts(_in_documents(texts, documents), self._settings.context)]
        for entity, instruction in self._settings.instructions.items():
            together.setdefault(instruction, []).append(entity)
        for instruction, entities in together.items():
            marks = self._settings.own_marks()
            prompt = EntityPrompt(template=self._settings.template, instruction=instruction, **marks)
            pieces = sentence_pieces(texts, self._tokenizer, prompt, decoding, self._positions, around)
            answers = sorted(
                ask_pieces(self._model, self._tokenizer, pieces, prompt, decoding), key=lambda answer: answer.index
            )
            joined = [
                join_answers(texts, pieces, answers, prompt.all_marks, entity if prompt.marks_by_type else "", tokens)
                for entity in entities
            ]
            for (mentions, statuses), *answered in zip(tagged, *joined, strict=True):
                for entity, each in zip(entities, answered, strict=True):
                    mentions.extend(_mentions(entity, each.spans, each.confidences))
                statuses.append(worst(each.status for each in answered))
        return tagged


System = EncoderSystem | GenerativeSystem
"""A system in memory. `batch_size` is the number of sentences that it reads together."""


def load_system(settings: Tagger, results: Path) -> System:
    """Load a trained run from the folder of its study's results.

    Raises:
        MarknerError: the run is not trained, or its weights cannot be loaded.
    """
    folder = results / settings.folder
    if not folder.is_dir():
        raise MarknerError(
            f"{folder}: the run {settings.run} is not trained there",
            "run the study first, or name the study it belongs to with --configfile",
        )
    if settings.system == "encoder":
        return EncoderSystem(settings, folder)
    return GenerativeSystem(settings, folder)


def _in_documents(texts: Sequence[str], documents: Sequence[str] | None) -> list[Sentence]:
    """Return texts as sentences of their documents; without documents each is one of its own."""
    owners = documents or [str(number) for number in range(len(texts))]
    return [Sentence("", document, text) for document, text in zip(owners, texts, strict=True)]


def _mentions(entity: str, spans: Sequence[Span], confidences: Sequence[float]) -> list[Mention]:
    """Return mentions with confidences of four digits."""
    return [Mention(*span, entity, confidence=round(value, 4)) for span, value in zip(spans, confidences, strict=True)]
