"""Checks of single names: the part of the study exists and has what its user needs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from markner.data.context import ContextKind
from markner.markup import MARKS
from markner.study.describe import unwrap
from markner.study.problems import Problem
from markner.study.queries import source_of
from markner.study.schema.base import Distinct, EntryOf, Settings
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Mixture, Split
from markner.study.schema.study import Study
from markner.study.wording import did_you_mean, yaml_hint
from markner.study.yaml_lines import Location

Ruled = tuple[Location, Any, EntryOf | Distinct]
"""A value whose type has a rule: its place, the value, the rule."""


def ruled_values(study: Study) -> list[Ruled]:
    """Return all values of a study whose types have a rule."""
    return list(_ruled(study, Study, (), ()))


def name_problems(study: Study, ruled: Iterable[Ruled]) -> Iterator[Problem]:
    """Check that the study has an entry of each name whose type says `EntryOf`."""
    for at, name, rule in ruled:
        if isinstance(rule, EntryOf):
            yield from unknown_name(at, name, rule.section, _entries(study, rule))


def entry_problems(study: Study, ruled: Iterable[Ruled]) -> Iterator[Problem]:
    """Check the splits and weights of entries by `EntryOf`, and that lists of type `Distinct` repeat no value."""
    for at, value, rule in ruled:
        if isinstance(rule, Distinct):
            yield from repeated_values(at, value)
        elif value in _entries(study, rule) and rule.splits:
            yield from missing_splits(at, value, study, rule.splits)
        elif value in _entries(study, rule) and rule.weights:
            yield from _without_weights(at, value, study)


def _entries(study: Study, rule: EntryOf) -> dict[str, Settings]:
    return {**getattr(study, rule.section), **(getattr(study, rule.other) if rule.other else {})}


def _ruled(value: Any, annotation: Any, constraints: Sequence[Any], at: Location) -> Iterator[Ruled]:
    """Yield the values below a value whose types have a rule."""
    if value is None:
        return
    parts = unwrap(annotation, constraints)
    yield from ((at, value, rule) for rule in parts.constraints if isinstance(rule, (EntryOf, Distinct)))
    if isinstance(value, Settings):
        for key, field in type(value).model_fields.items():
            yield from _ruled(getattr(value, key), field.annotation, field.metadata, (*at, key))
    elif get_origin(parts.bare) is list:
        for index, item in enumerate(value):
            yield from _ruled(item, get_args(parts.bare)[0], (), (*at, index))
    elif get_origin(parts.bare) is dict:
        of_keys, of_values = get_args(parts.bare)
        for key, item in value.items():
            yield from _ruled(key, of_keys, (), (*at, key))
            yield from _ruled(item, of_values, (), (*at, key))


def missing_splits(
    at: Location, name: str, study: Study, splits: Iterable[str], instead: str = "choose another corpus"
) -> Iterator[Problem]:
    """Check that the variant of a corpus has the splits that are needed."""
    corpus = study.corpora[name]
    present = source_of(corpus, corpus.variant).splits()
    for split in splits:
        if split not in present:
            there = ("corpora", name, corpus.variant, split)
            yield Problem(
                at,
                f"`{name}` has no {split} split on its variant `{corpus.variant}`; it has {quoted_names(present)}",
                yaml_hint(there, f"data/{split}.txt", f"{instead}, or add its files:"),
            )


def _without_weights(at: Location, name: str, study: Study) -> Iterator[Problem]:
    """Check that a model has weights."""
    if isinstance(study.models[name], ApiModel):
        local = [other for other, model in study.models.items() if not isinstance(model, ApiModel)]
        fix = f"name a model with weights: {quoted_names(local)}"
        if at[0] == "runs" and at[2] == "model":
            fix += yaml_hint((*at[:2], "system"), "chat", "; or ask it:")
        yield Problem(at, f"`{name}` is asked over the network (`source: api`); it has no weights here", fix)


def unknown_name(at: Location, name: str, section: str, known: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that a section of the study has an entry of a name."""
    if name in known:
        return
    problem = no_such_name(at, name, f"entry of `{section}:`", known)
    if section == "prompts" and name == Mixture.model_fields["prompt"].default:
        lead = f"`prompts:` replaces the default prompt: add it, or write one of {quoted_names(known)} here"
        problem = Problem(at, problem.what, yaml_hint(("prompts", name), {}, lead))
    yield problem


def unknown_seed(at: Location, run: str, seeds: Sequence[int], seed: int | None) -> Iterator[Problem]:
    """Check that a run has a seed. None stands for its first."""
    if seed is not None and seed not in seeds:
        fix = yaml_hint((*at, "seed"), seeds[0], "write one of its seeds, for example")
        yield Problem((*at, "seed"), f"`{run}` has no seed {seed}", fix)


def other_marks(at: Location, name: str, study: Study, user: str) -> Iterator[Problem]:
    """Check that a prompt has the default marks. The part of the study that uses it supports no others."""
    marks = study.prompts[name].all_marks
    if marks != MARKS:
        yield Problem(
            at,
            f"`prompts.{name}` has the marks {quoted_names(marks)}; {user} {quoted_names(MARKS)}",
            "name a prompt without marks of its own",
        )


def shown_context(at: Location, name: str, study: Study, user: str) -> Iterator[Problem]:
    """Check that a prompt shows no context. The part of the study that uses it has no context."""
    context = study.prompts[name].context
    if context != "none":
        yield Problem(
            at,
            f"`prompts.{name}` shows `context: {context}`; {user} sentences alone",
            "name a prompt without `context`",
        )


def sampled_context(
    at: Location, context: ContextKind, corpora: Iterable[str], splits: Iterable[Split], study: Study
) -> Iterator[Problem]:
    """Check that no corpus whose sentences are read with a context has a sample of these splits.

    The sentences beside a drawn one are not its neighbors, and the first drawn one of a document is not its title.
    """
    if context == "none":
        return
    splits = list(splits)
    for name in dict.fromkeys(corpora):
        drawn = [split for split in splits if getattr(study.corpora[name].sample, split)]
        if drawn:
            yield Problem(
                at,
                f"`context: {context}` needs all sentences of a document; `corpora.{name}` has a `sample` of "
                f"{quoted_names(drawn)}",
                "leave the sample out; `fraction` and `limit` draw training sentences together with their own context",
            )


def unmarked_types(at: Location, name: str, corpora: Iterable[str], study: Study) -> Iterator[Problem]:
    """Check that a prompt with typed marks has some for the entity types of these corpora."""
    marked = study.prompts[name].marks_by_type
    for entity in dict.fromkeys(study.corpora[corpus].entity for corpus in corpora):
        if marked and entity not in marked:
            fix = yaml_hint(("prompts", name, "marks_by_type", entity), [f"<{entity}>", f"</{entity}>"], "add")
            yield Problem(at, f"`prompts.{name}` has no marks for the entity type `{entity}`", fix)


def no_such_name(at: Location, name: str, kind: str, known: Iterable[str]) -> Problem:
    """Return the problem of a name that does not exist, with the closest known name as the fix."""
    names = list(known)
    close = did_you_mean(name, names)
    if close is not None:
        fix = yaml_hint(at, close, f"did you mean `{close}`? There are {quoted_names(names)}.")
    elif names:
        fix = yaml_hint(at, names[0], f"write one of {quoted_names(names)}, for example")
    else:
        fix = f"there is none yet: add `{name}` to it"
    return Problem(at, f"no {kind} is called `{name}`", fix)


def repeated_values(at: Location, values: Iterable[Any]) -> Iterator[Problem]:
    """Check that no value of a list stands there twice."""
    counts = Counter(values)
    twice = [value for value, count in counts.items() if count > 1]
    if twice:
        yield Problem(at, f"{quoted_names(twice)} stands there more than once", yaml_hint(at, list(counts), "write"))


def quoted_names(names: Iterable[Any]) -> str:
    """Return names in backquotes, separated by commas; `none` without any."""
    return ", ".join(f"`{name}`" for name in names) or "none"
