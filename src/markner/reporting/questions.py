"""The questions that a study's tables and size figures can answer, as pairs of runs to compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markner.study.queries import generative, size_points, table_runs, tuned_on
from markner.study.schema.base import Settings
from markner.study.schema.chat_runs import ChatRun
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun

Topic = Literal["tuning", "encoders", "other_corpora", "mixture", "prompt", "size", "chat"]


class Comparison(Settings):
    """Two runs on a corpus that differ in the subject of a question. The question asks whether `a` is better."""

    topic: Topic
    corpus: str
    a: str
    b: str
    label_a: str
    label_b: str
    table: str
    """Table that shows both, whose paired tests count; empty: the tests of all runs on the corpus."""
    figure: str
    """Figure that shows both; empty if there is none."""


@dataclass(frozen=True, slots=True)
class _System:
    """The facts of a run that decide which question it helps to answer."""

    kind: Literal["tuned", "untuned", "encoder", "chat", "other"]
    model: str = ""
    corpora: tuple[str, ...] = ()
    prompt: str = ""
    rest: str = ""
    """All other settings of a tuned run that change its answers."""


def comparisons(study: Study) -> list[Comparison]:
    """Return the pairs that answer the questions of a study, in the order of its tables and figures."""
    systems = {name: _system(study, name) for name in study.live_runs()}
    return [*_of_tables(study, systems), *_of_sizes(study)]


def _of_tables(study: Study, systems: dict[str, _System]) -> Iterator[Comparison]:
    drawn = {figure.table: name for name, figure in reversed(study.figures.items())}
    for name, table in study.tables.items():
        cells = table_runs(study, table)
        for place, (label_a, a, corpus) in enumerate(cells):
            for other, (label_b, b, corpus_b) in enumerate(cells):
                topic = _topic(study, systems[a], systems[b], corpus) if corpus == corpus_b and a != b else None
                # Of two prompts, the later row of the table is the one that is asked for.
                if topic and (topic != "prompt" or place > other):
                    yield Comparison(
                        topic=topic,
                        corpus=corpus,
                        a=a,
                        b=b,
                        label_a=label_a,
                        label_b=label_b,
                        table=name,
                        figure=drawn.get(name, ""),
                    )


def _of_sizes(study: Study) -> Iterator[Comparison]:
    """Yield the largest against the smallest part of the training data, for each line and corpus."""
    for name, figure in study.size_figures.items():
        points = [point for point in size_points(study, figure) if point[3] in study.live_runs()]
        for label, corpus in dict.fromkeys((label, corpus) for label, corpus, *_ in points):
            line = sorted((part, run) for at, where, part, run in points if (at, where) == (label, corpus))
            if len(line) > 1:
                (small, b), (large, a) = line[0], line[-1]
                yield Comparison(
                    topic="size",
                    corpus=corpus,
                    a=a,
                    b=b,
                    label_a=f"{label}, {100 * large:g}\u00a0% of the data",
                    label_b=f"{100 * small:g}\u00a0%",
                    table="",
                    figure=name,
                )


def _system(study: Study, name: str) -> _System:
    run = study.runs[name]
    if isinstance(run, ChatRun):
        return _System("chat", run.model)
    if isinstance(run, EncoderRun):
        return _System("encoder", run.model, (run.corpus,))
    if not isinstance(run, GenerativeRun):
        return _System("other")
    mixture = tuned_on(study, name)
    if mixture is None:
        return _System("untuned", run.model, prompt=run.prompt)
    data, training = study.instruction_set(mixture), generative(study, study.owner(name)).training
    rest = f"{training} {run.decoding.method} {data.model_dump(exclude={'prompt'})}"
    return _System("tuned", run.model, tuple(data.corpora), data.prompt, rest)


def _topic(study: Study, a: _System, b: _System, corpus: str) -> Topic | None:
    """Return the question that two systems answer on a corpus, in this order; None if they answer none."""
    entity = study.corpora[corpus].entity

    def knows(system: _System) -> bool:
        return any(study.corpora[name].entity == entity for name in system.corpora)

    if a.kind != "tuned" or not knows(a):
        return None
    if b.kind == "untuned":
        return "tuning" if a.model == b.model else None
    if b.kind == "chat":
        return "chat"
    if not knows(b):
        return None
    if b.kind == "encoder":
        trained = [corpus in system.corpora for system in (a, b)]
        return "encoders" if all(trained) else None if any(trained) else "other_corpora"
    if b.kind != "tuned" or a.model != b.model:
        return None
    if a.prompt == b.prompt:
        return "mixture" if len(a.corpora) > 1 and len(b.corpora) == 1 else None
    return "prompt" if a.rest == b.rest else None
