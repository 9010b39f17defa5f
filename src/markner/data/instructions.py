"""Instruction sets: sentences of one or more corpora as instruction, input and output (paper 3.1.2)."""

import csv
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markner.data.context import Context, ContextKind, contexts
from markner.data.documents import Sentence, read_sentences
from markner.data.sampling import subset, subset_with_share
from markner.errors import MarknerError
from markner.files import atomic, read_json, write_json
from markner.graphemes import compose
from markner.markup import MARKS, AnyMarks, Marks, TypedMarks, escape_marks, mark, mark_types
from markner.study.schema.corpora import Mixture, Prompt


@dataclass(frozen=True, slots=True)
class Instance:
    """One instruction demonstration: the instruction, the input sentence, and the answer that the model learns."""

    instruction: str
    input: str
    output: str
    context: str = ""
    """The text around the sentence, if the prompt shows it."""


_PLACE = re.compile(r"\{(instruction|context|input)\}")


def render_prompt(template: str, instruction: str, input: str, marks: AnyMarks = MARKS, context: str = "") -> str:
    """Return the full text before the answer (paper Fig. 2), with marks in the input and its context escaped.

    Placeholders in the instruction are not replaced.
    """
    values = {
        "instruction": instruction,
        "context": escape_marks(context, marks),
        "input": escape_marks(input, marks),
    }
    return _PLACE.sub(lambda place: values[place[1]], template)


def draw(
    sentences: Sequence[Sentence], mixture: Mixture, context: ContextKind = "none"
) -> list[tuple[Sentence, Context]]:
    """Return the sentences of a corpus that a mixture uses, each with its context in the corpus."""
    size = mixture.fraction, mixture.limit, mixture.seed
    if mixture.with_mentions is None:
        chosen = subset(len(sentences), *size)
    else:
        chosen = subset_with_share([bool(sentence.spans) for sentence in sentences], mixture.with_mentions, *size)
    around = contexts(sentences, context)
    return [(sentences[place], around[place]) for place in chosen]


def instances(
    sentences: Sequence[Sentence],
    corpus: str,
    instruction: str,
    mixture: Mixture,
    marks: Marks = MARKS,
    context: ContextKind = "none",
) -> tuple[list[Instance], list[str]]:
    """Return the instances of one corpus of a mixture, letters composed, and the identifiers of their sentences."""
    rows: list[Instance] = []
    ids: list[str] = []
    for sentence, around in draw(sentences, mixture, context):
        composed = compose(sentence.text)
        if mixture.annotation_scheme == "released":
            if sentence.released is None:
                raise MarknerError(
                    f"sentence {sentence.id} of {corpus} is not in the author release",
                    "use `annotation_scheme: span`, or variant `tokenized`, for this mixture",
                )
            output = sentence.released
        else:
            output = mark(composed.text, composed.spans(sentence.spans), marks)
        rows.append(Instance(instruction, escape_marks(composed.text, marks), output, _shown(around, marks)))
        ids.append(sentence.id)
    return rows, ids


def _shown(context: Context, marks: AnyMarks) -> str:
    return escape_marks(compose(context.text).text, marks)


def typed_instances(
    chosen: Sequence[tuple[str, Sentence, Context]], entities: Mapping[str, str], prompt: Prompt, marks: TypedMarks
) -> tuple[list[Instance], list[tuple[str, str]]]:
    """Return instances with typed marks, letters composed. Each asks for the types annotated in its sentence alone.

    A sentence that several corpora annotate for different types becomes one instance, by its text, with the context
    that it has in the first of them. (Task tags: AIONER, Luo et al. 2023.)

    Args:
        chosen: Corpus, sentence and context, in order.
        entities: Entity type by corpus.
        prompt: The prompt, with marks for these types.
        marks: Its marks.

    Returns:
        The instances; and corpora and sentences behind each, joined by `+`.
    """
    together: dict[tuple[str, int], dict[str, tuple[str, Sentence, Context]]] = {}
    repeated: Counter[tuple[str, str]] = Counter()
    for corpus, sentence, context in chosen:
        entity, text = entities[corpus], sentence.text
        together.setdefault((text, repeated[entity, text]), {})[entity] = (corpus, sentence, context)
        repeated[entity, text] += 1
    rows: list[Instance] = []
    origin: list[tuple[str, str]] = []
    for (text, _), known in together.items():
        composed = compose(text)
        spans = {entity: composed.spans(sentence.spans) for entity, (_, sentence, _) in known.items()}
        instruction = prompt.instruction_text(*(entity for entity in marks.types if entity in known))
        output = mark_types(composed.text, spans, marks)
        corpora, sentences, around = zip(*known.values(), strict=True)
        rows.append(Instance(instruction, escape_marks(composed.text, marks), output, _shown(around[0], marks)))
        origin.append(("+".join(corpora), "+".join(sentence.id for sentence in sentences)))
    return rows, origin


def build_mixture(
    mixture: Mixture,
    prompt: Prompt,
    entities: Mapping[str, str],
    sentences: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    index: str | os.PathLike[str],
) -> None:
    """Write an instruction set: a JSON list of objects with `instruction`, `input`, `output`, and `context` if shown.

    Args:
        mixture: Corpora, how much of each is drawn, and the annotation scheme.
        prompt: The prompt that gives the instruction, and says what context it shows.
        entities: Entity type by corpus.
        sentences: Sentence files: for each corpus, in order, one a split. `fraction`, `limit` and `with_mentions`
            draw from the sentences of all its splits together.
        output: The instruction set.
        index: CSV naming the corpus and the sentence behind each instance, in the same order.
    """
    rows: list[Instance] = []
    origin: list[tuple[str, str]] = []
    files, marks = iter(sentences), prompt.all_marks
    chosen: list[tuple[str, Sentence, Context]] = []
    for corpus in mixture.corpora:
        together = [sentence for _ in mixture.split for sentence in read_sentences(next(files))]
        if isinstance(marks, TypedMarks):
            chosen += [(corpus, *drawn) for drawn in draw(together, mixture, prompt.context)]
            continue
        instruction = prompt.instruction_text(entities[corpus])
        part, ids = instances(together, corpus, instruction, mixture, marks, prompt.context)
        rows += part
        origin += [(corpus, identifier) for identifier in ids]
    if isinstance(marks, TypedMarks):
        rows, origin = typed_instances(chosen, entities, prompt, marks)
    write_instances(rows, origin, output, index)


def write_instances(
    rows: Sequence[Instance],
    origin: Sequence[tuple[str, str]],
    output: str | os.PathLike[str],
    index: str | os.PathLike[str],
) -> None:
    """Write an instruction set, and the CSV that names the corpus and the sentence behind each instance."""
    shown = any(row.context for row in rows)
    write_json(
        output,
        [
            {
                "instruction": row.instruction,
                **({"context": row.context} if shown else {}),
                "input": row.input,
                "output": row.output,
            }
            for row in rows
        ],
    )
    with atomic(index) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["instance", "corpus", "sentence"])
        writer.writerows((number, corpus, identifier) for number, (corpus, identifier) in enumerate(origin))


def read_instances(path: str | os.PathLike[str]) -> list[Instance]:
    """Read an instruction set; a malformed one is an error that names file and element."""
    value = read_json(path)
    if not isinstance(value, list):
        raise MarknerError(f"{path}: expected a list of instances, found {type(value).__name__}")
    rows: list[Instance] = []
    for number, row in enumerate(value):
        if not isinstance(row, dict) or {*row, "context"} != {"instruction", "context", "input", "output"}:
            raise MarknerError(
                f"{Path(path)}, element {number}: expected exactly the keys instruction, input, output, perhaps context"
            )
        rows.append(Instance(**row))
    return rows
