"""Instruction sets: sentences of one or more corpora as instruction, input and output (paper 3.1.2)."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from markner.data.context import Context, ContextKind, contexts
from markner.data.documents import Sentence, read_sentences
from markner.data.sampling import subset, subset_with_share
from markner.errors import MarknerError
from markner.files import read_json, write_csv_rows, write_json
from markner.graphemes import compose
from markner.markup import MARKS, AnyMarks, TypedMarks, escape_marks, mark, mark_types
from markner.study.schema.corpora import AnnotationScheme, Mixture, Prompt


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


class Drawn(NamedTuple):
    """A sentence that a mixture uses."""

    corpus: str
    sentence: Sentence
    context: Context = Context()


def draw(corpus: str, sentences: Sequence[Sentence], mixture: Mixture, context: ContextKind) -> list[Drawn]:
    """Return the sentences of a corpus that a mixture uses, each with its context in the corpus."""
    size = mixture.fraction, mixture.limit, mixture.seed
    if mixture.with_mentions is None:
        chosen = subset(len(sentences), *size)
    else:
        chosen = subset_with_share([bool(sentence.spans) for sentence in sentences], mixture.with_mentions, *size)
    around = contexts(sentences, context)
    return [Drawn(corpus, sentences[place], around[place]) for place in chosen]


def by_text(drawn: Sequence[Drawn], entities: Mapping[str, str]) -> list[dict[str, Drawn]]:
    """Join sentences of one text that corpora annotate for different types, each by its entity type.

    `entities` gives the entity type by corpus. (Task tags: AIONER, Luo et al. 2023.)
    """
    together: dict[tuple[str, int], dict[str, Drawn]] = {}
    repeated: Counter[tuple[str, str]] = Counter()
    for each in drawn:
        entity, text = entities[each.corpus], each.sentence.text
        together.setdefault((text, repeated[entity, text]), {})[entity] = each
        repeated[entity, text] += 1
    return list(together.values())


def instance(annotated: Mapping[str, Drawn], prompt: Prompt, scheme: AnnotationScheme = "span") -> Instance:
    """Return the instance of a sentence, letters composed.

    `annotated` has one sentence, or with typed marks several of one text, by the entity type that is annotated. The
    instance asks for these types alone, and has the context of the first sentence.
    """
    corpus, sentence, context = next(iter(annotated.values()))
    composed, marks = compose(sentence.text), prompt.all_marks
    spans = {entity: composed.spans(each.sentence.spans) for entity, each in annotated.items()}
    if isinstance(marks, TypedMarks):
        instruction = prompt.instruction_text(*(entity for entity in marks.types if entity in annotated))
        output = mark_types(composed.text, spans, marks)
    else:
        instruction = prompt.instruction_text(*annotated)
        (own,) = spans.values()
        output = mark(composed.text, own, marks)
    if scheme == "released":
        if sentence.released is None:
            raise MarknerError(
                f"sentence {sentence.id} of {corpus} is not in the author release",
                "use `annotation_scheme: span`, or variant `tokenized`, for this mixture",
            )
        output = sentence.released
    shown = escape_marks(compose(context.text).text, marks)
    return Instance(instruction, escape_marks(composed.text, marks), output, shown)


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
        index: CSV naming the corpus and the sentence behind each instance, in the same order; joined by `+` if there
            are several.
    """
    files = iter(sentences)
    drawn: list[Drawn] = []
    for corpus in mixture.corpora:
        of_corpus = [sentence for _ in mixture.split for sentence in read_sentences(next(files))]
        drawn += draw(corpus, of_corpus, mixture, prompt.context)
    groups = by_text(drawn, entities) if prompt.marks_by_type else [{entities[each.corpus]: each} for each in drawn]
    rows = [instance(group, prompt, mixture.annotation_scheme) for group in groups]
    origin = [
        ("+".join(each.corpus for each in group.values()), "+".join(each.sentence.id for each in group.values()))
        for group in groups
    ]
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
    write_csv_rows(index, ["instance", "corpus", "sentence"], ((number, *each) for number, each in enumerate(origin)))


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
