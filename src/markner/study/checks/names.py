"""Checks of single names: does what a study names exist, and has it what is needed?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markner.study.problems import Problem
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Corpus, Split
from markner.study.schema.study import Study
from markner.study.wording import did_you_mean, indented, yaml_block
from markner.study.yaml_lines import Location


def corpus_problems(
    at: Location, name: str, study: Study, splits: Iterable[Split], instead: str = "choose another corpus"
) -> Iterator[Problem]:
    """A corpus by name, with the splits that are needed of it on the variant it takes."""
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
    """A model by name that has weights."""
    yield from unknown_name(at, name, "models", study.models)
    if isinstance(study.models.get(name), ApiModel):
        local = [other for other, model in study.models.items() if not isinstance(model, ApiModel)]
        fix = f"name a model with weights: {quoted_names(local)}"
        if len(at) == 3 and at[0] == "runs" and at[2] == "model":
            fix += f"; or ask it:\n{indented(yaml_block((*at[:2], 'system'), 'chat'))}"
        yield Problem(at, f"`{name}` is asked over the network (`source: api`); it has no weights here", fix)


def unknown_name(at: Location, name: str, section: str, known: Mapping[str, Any]) -> Iterator[Problem]:
    """A name that is not in the part of the study it should be in."""
    if name not in known:
        yield no_such_name(at, name, f"entry of `{section}:`", known)


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
    """A list in which something stands twice."""
    counts = Counter(values)
    twice = [value for value, count in counts.items() if count > 1]
    if twice:
        yield Problem(at, f"{quoted_names(twice)} stands there more than once", yaml_hint(at, list(counts), "write"))


def yaml_hint(at: Location, value: Any, lead: str) -> str:
    """A hint with the YAML to write."""
    return f"{lead}\n{indented(yaml_block(at, value))}"


def quoted_names(names: Iterable[Any]) -> str:
    """Return names in backquotes, separated by commas; `none` without any."""
    return ", ".join(f"`{name}`" for name in names) or "none"
