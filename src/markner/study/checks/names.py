"""Checks of single names: the part of the study exists and has what its user needs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from markner.markup import MARKS
from markner.study.problems import Problem
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Corpus, Mixture, Split
from markner.study.schema.study import Study
from markner.study.wording import did_you_mean, yaml_hint
from markner.study.yaml_lines import Location


def corpus_problems(
    at: Location, name: str, study: Study, splits: Iterable[Split], instead: str = "choose another corpus"
) -> Iterator[Problem]:
    """Check that a corpus exists, and that its variant has the splits that are needed."""
    yield from unknown_name(at, name, "corpora", study.corpora)
    if name not in study.corpora:
        return
    corpus: Corpus = study.corpora[name]
    source = corpus.source(corpus.variant)
    present = source.splits() if source is not None else []
    for split in splits:
        if split not in present:
            there = ("corpora", name, corpus.variant, split)
            yield Problem(
                at,
                f"`{name}` has no {split} split on its variant `{corpus.variant}`; it has {quoted_names(present)}",
                yaml_hint(there, f"data/{split}.txt", f"{instead}, or add its files:"),
            )


def local_model_problems(at: Location, name: str, study: Study) -> Iterator[Problem]:
    """Check that a model exists and has weights."""
    yield from unknown_name(at, name, "models", study.models)
    if isinstance(study.models.get(name), ApiModel):
        local = [other for other, model in study.models.items() if not isinstance(model, ApiModel)]
        fix = f"name a model with weights: {quoted_names(local)}"
        if len(at) == 3 and at[0] == "runs" and at[2] == "model":
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


def unknown_names(at: Location, names: Iterable[str], section: str, known: Mapping[str, Any]) -> Iterator[Problem]:
    """Check a list of different names, each of which a section of the study has."""
    names = list(names)
    yield from repeated_values(at, names)
    for index, name in enumerate(names):
        yield from unknown_name((*at, index), name, section, known)


def unknown_seed(at: Location, run: str, seeds: Sequence[int], seed: int | None) -> Iterator[Problem]:
    """Check that a run has a seed. None stands for its first."""
    if seed is not None and seed not in seeds:
        fix = yaml_hint((*at, "seed"), seeds[0], "write one of its seeds, for example")
        yield Problem((*at, "seed"), f"`{run}` has no seed {seed}", fix)


def other_marks(at: Location, name: str, study: Study, user: str) -> Iterator[Problem]:
    """Check that a prompt has the default marks. The part of the study that uses it supports no others."""
    prompt = study.prompts.get(name)
    if prompt is not None and prompt.all_marks != MARKS:
        yield Problem(
            at,
            f"`prompts.{name}` has the marks {quoted_names(prompt.all_marks)}; {user} {quoted_names(MARKS)}",
            "name a prompt without marks of its own",
        )


def shown_context(at: Location, name: str, study: Study, user: str) -> Iterator[Problem]:
    """Check that a prompt shows no context. The part of the study that uses it has no context."""
    prompt = study.prompts.get(name)
    if prompt is not None and prompt.context != "none":
        yield Problem(
            at,
            f"`prompts.{name}` shows `context: {prompt.context}`; {user} sentences alone",
            "name a prompt without `context`",
        )


def unmarked_types(at: Location, name: str, entities: Iterable[str], study: Study) -> Iterator[Problem]:
    """Check that a prompt with typed marks has some for these entity types."""
    prompt = study.prompts.get(name)
    for entity in dict.fromkeys(entities):
        if prompt is not None and prompt.marks_by_type and entity not in prompt.marks_by_type:
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


def misspelt_key(at: Location, name: str, kind: str, known: Iterable[str]) -> Iterator[Problem]:
    """Check that a key is no misspelt name. A key that is like none of the names may be for other studies."""
    names = list(known)
    close = did_you_mean(name, names)
    if name not in names and close is not None:
        fix = f"did you mean `{close}`? There are {quoted_names(names)}; rename it, or leave it out"
        yield Problem(at, f"no {kind} is called `{name}`", fix)


def repeated_values(at: Location, values: Iterable[Any]) -> Iterator[Problem]:
    """Check that no value of a list stands there twice."""
    counts = Counter(values)
    twice = [value for value, count in counts.items() if count > 1]
    if twice:
        yield Problem(at, f"{quoted_names(twice)} stands there more than once", yaml_hint(at, list(counts), "write"))


def quoted_names(names: Iterable[Any]) -> str:
    """Return names in backquotes, separated by commas; `none` without any."""
    return ", ".join(f"`{name}`" for name in names) or "none"
