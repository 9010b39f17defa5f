"""From pydantic's errors to problems that people can mend: what is wrong in plain words, and the YAML to write."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from markner.study.describe import (
    NAME_RULE,
    discriminator,
    documentation,
    is_model,
    listed,
    models_in,
    plain_type,
    tag,
    union_members,
    unwrap,
)
from markner.study.examples import example, of_type, plain, section
from markner.study.wording import did_you_mean, indented, shown, yaml_block
from markner.study.yaml_lines import MISSING, Location, lookup


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a study: where, what, and what to write instead."""

    location: Location
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class _Target:
    """What an error is about: its place in the data, the type expected there and the setting it belongs to.

    `branches` are the unions without discriminator on the way: their place, their members, the member of this error.
    """

    location: Location
    annotation: Any
    constraints: tuple[Any, ...]
    owner: type[BaseModel] | None
    field: FieldInfo | None
    branches: tuple[tuple[Location, tuple[Any, ...], Any], ...]
    is_key: bool


def problems_of(error: ValidationError, root: type[BaseModel], config: dict[str, Any]) -> list[Problem]:
    """The problems behind pydantic's errors, one for each mistake, in the order of the settings."""
    found: dict[Location, Problem] = {}
    for detail in error.errors(include_url=False):
        target = _resolve(root, detail["loc"])
        whole = _undecided(target, config)
        if whole is not None:
            found.setdefault(whole[0], _wrong_union(whole[0], whole[1], config))
        elif all(_branch_of(members, lookup(config, at)) is branch for at, members, branch in target.branches):
            problem = _problem(target, detail["type"], detail.get("ctx") or {}, config)
            found.setdefault(problem.location, problem)
    return _without_echoes(list(found.values()), config)


def _resolve(root: type[BaseModel], loc: Sequence[str | int]) -> _Target:
    """Walk a pydantic location along the types: tags and names of union members are no part of the data."""
    annotation: Any = root
    above: Any = root
    constraints: tuple[Any, ...] = ()
    owner: type[BaseModel] | None = None
    field: FieldInfo | None = None
    at: list[str | int] = []
    branches: list[tuple[Location, tuple[Any, ...], Any]] = []
    is_key = len(loc) > 1 and loc[-1] == "[key]"
    for step in loc[:-1] if is_key else loc:
        parts = unwrap(annotation, constraints)
        members = union_members(parts.bare)
        if members:
            key = discriminator(parts)
            if key is not None:
                annotation = next((model for model in members if tag(model, key) == step), None)
            else:
                annotation = next(member for member in members if re.search(rf"\b{member.__name__}\]?$", str(step)))
                branches.append((tuple(at), tuple(members), annotation))
            constraints = ()
            continue
        at.append(step)
        above = parts.bare
        if is_model(parts.bare):
            owner = parts.bare
            field = owner.model_fields.get(str(step))
            annotation, constraints = (field.annotation, tuple(field.metadata)) if field else (None, ())
        else:
            arguments = get_args(parts.bare)
            annotation, constraints = (arguments[-1] if arguments else None), ()
    if is_key:
        annotation, constraints = (get_args(above) or (None,))[0], ()
    return _Target(tuple(at), annotation, constraints, owner, field, tuple(branches), is_key)


def _branch_of(members: Sequence[Any], value: Any) -> Any:
    """Return the member of a union that a value was meant to be, None if it is not clear."""
    if not isinstance(value, Mapping):
        return None
    models = [member for member in members if is_model(member)]
    fits = {model: sum(did_you_mean(key, model.model_fields) is not None for key in value) for model in models}
    best = max(models, key=lambda model: fits[model])
    return best if fits[best] else None


def _undecided(target: _Target, config: dict[str, Any]) -> tuple[Location, tuple[Any, ...]] | None:
    """The outermost union on the way whose value resembles none of its members."""
    for at, members, _ in target.branches:
        if _branch_of(members, lookup(config, at)) is None:
            return at, members
    return None


def _wrong_union(location: Location, members: Sequence[Any], config: dict[str, Any]) -> Problem:
    """A value that is none of the forms a setting can take."""
    forms = [_keys_of(member) if is_model(member) else "a file name" for member in members]
    blocks = "\n  or\n".join(indented(yaml_block(location, _shape(member))) for member in members)
    return Problem(
        location, f"expected {listed(forms)}, found {shown(lookup(config, location))}", f"write one of:\n{blocks}"
    )


def _shape(member: Any) -> Any:
    return section(member, {}) if is_model(member) else "data/train.txt"


def _problem(target: _Target, kind: str, context: Mapping[str, Any], config: dict[str, Any]) -> Problem:
    """One error of pydantic as a problem."""
    value = lookup(config, target.location)
    if target.is_key:
        return _wrong_name(target, config)
    if kind in ("extra_forbidden", "invalid_key") and target.owner is not None:
        return _unknown_key(target.location, target.owner, value, config)
    if kind == "missing" and target.owner is not None and target.field is not None:
        key = str(target.location[-1])
        block = yaml_block(target.location, example(target.owner, key, config))
        return Problem(
            target.location,
            f"missing: {documentation(target.field)}",
            f"add {_kind(target.annotation, target.constraints)}, for example:\n{indented(block)}",
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_tag(target, value, config)
    if kind == "value_error":
        own_key = target.owner is not None and target.location[-1:] == (_key(target),)
        if own_key and target.owner is not None and not is_model(unwrap(target.annotation).bare):
            instead = example(target.owner, _key(target), config)
        else:
            instead = _repaired(target.annotation, config, target.location)
        block = yaml_block(target.location, instead)
        return Problem(
            target.location, str(context.get("error", "not valid")), f"write, for example:\n{indented(block)}"
        )
    return _wrong_value(target, value, config)


def _unknown_key(location: Location, owner: type[BaseModel], value: Any, config: dict[str, Any]) -> Problem:
    """A key that its section does not have: the closest one, or the section below where it belongs."""
    key, fields = str(location[-1]), owner.model_fields
    below = [
        (name, model)
        for name, field in fields.items()
        for model in models_in(field.annotation)
        if key in model.model_fields
    ]
    direct = [(name, model) for name, model in below if is_model(unwrap(fields[name].annotation).bare)]
    if direct:
        name, model = direct[0]
        there = (*location[:-1], name, key)
        hint = f"move it into `{name}:`. {documentation(model.model_fields[key])}"
        return Problem(location, "unknown key here", _with_block(hint, there, value))
    close = did_you_mean(key, fields)
    allowed = f"Allowed here: {', '.join(f'`{name}`' for name in fields)}."
    if close is None:
        return Problem(location, "unknown key", f"remove it. {allowed}")
    hint = f"did you mean `{close}`? {documentation(fields[close])} {allowed}"
    return Problem(location, "unknown key", _with_block(hint, (*location[:-1], close), value))


def _wrong_tag(target: _Target, value: Any, config: dict[str, Any]) -> Problem:
    """The key that says which kind of section this is lacks, or has an unknown value."""
    parts = unwrap(target.annotation, target.constraints)
    key = discriminator(parts) or ""
    members = union_members(parts.bare)
    tags = [tag(member, key) for member in members]
    given = value.get(key) if isinstance(value, Mapping) else None
    location = (*target.location, key)
    close = did_you_mean(given, tags) if isinstance(given, str) else None
    chosen = close or tags[0]
    kinds = ", ".join(
        f"`{tag(member, key)}` ({documentation(member.model_fields[key]).rstrip('.')})" for member in members
    )
    what = (
        f"expected {listed([f'`{name}`' for name in tags])}, found {shown(given)}" if given is not None else "missing"
    )
    lead = f"did you mean `{close}`? " if close else ""
    return Problem(location, what, f"{lead}There are {kinds}. For example:\n{indented(yaml_block(location, chosen))}")


def _wrong_value(target: _Target, value: Any, config: dict[str, Any]) -> Problem:
    """A value that its type does not allow."""
    parts = unwrap(target.annotation, target.constraints)
    what = f"expected {_kind(target.annotation, target.constraints)}, found {shown(value)}"
    own_field = target.owner is not None and target.field is not None and target.location[-1:] == (_key(target),)
    if parts.bare is str and isinstance(value, (bool, int, float)):
        instead, lead = str(value).lower() if isinstance(value, bool) else str(value), "put text in quotes"
    elif isinstance(value, str) and (close := did_you_mean(value, _choices(parts.bare))):
        instead, lead = close, f"did you mean `{close}`"
    elif own_field and target.owner is not None:
        instead = example(target.owner, _key(target), config)
        default = target.field.get_default(call_default_factory=True, validated_data={}) if target.field else None
        lead = "write, for example the default" if instead == plain(default) else "write, for example"
    else:
        instead, lead = of_type(target.annotation), "write, for example"
    if own_field and value is None and target.field is not None and not target.field.is_required():
        lead = f"remove the empty key, or {lead}"
    meaning = f"{documentation(target.field)}\n  " if target.field is not None and own_field else ""
    rule = f" {NAME_RULE}" if isinstance(value, str) and what.startswith("expected a name") else ""
    block = indented(yaml_block(target.location, instead))
    return Problem(target.location, f"{what}.{rule}" if rule else what, f"{meaning}{lead}:\n{block}")


def _wrong_name(target: _Target, config: dict[str, Any]) -> Problem:
    """A key that is to be a name, or one of a few words, and is not."""
    key = str(target.location[-1])
    kind = _kind(target.annotation, ())
    rule = f". {NAME_RULE}" if kind == "a name" else ""
    choices = _choices(unwrap(target.annotation).bare)
    better = did_you_mean(key, choices) or (choices[0] if choices else _clean(key))
    return Problem(
        target.location,
        f"expected {kind} as the key, found {shown(key)}{rule}",
        _with_block(
            f"rename it, for example to `{better}`", (*target.location[:-1], better), lookup(config, target.location)
        ),
    )


def _repaired(annotation: Any, config: dict[str, Any], location: Location) -> Any:
    """An example of a section whose keys do not fit each other."""
    model = unwrap(annotation).bare
    if not is_model(model):
        return of_type(annotation)
    whole = section(model, config)
    given = lookup(config, location)
    if model.__name__ == "Corpus" and isinstance(given, Mapping) and given.get("variant") == "tokenized":
        files = {split: f"data/{split}.tsv" for split in ("train", "dev", "test")}
        return {"entity": str(given.get("entity")), "variant": "tokenized", "tokenized": {"format": "iob", **files}}
    if model.__name__ == "CorpusFile" and isinstance(given, Mapping) and "url" in given and "path" not in given:
        return {"url": given["url"], "sha256": example(model, "sha256", config)}
    return whole


def _without_echoes(problems: list[Problem], config: dict[str, Any]) -> list[Problem]:
    """Drop `missing` where an unknown key of the same section is that key misspelt."""
    unknown = [problem for problem in problems if problem.what == "unknown key"]
    misspelt = {
        problem.location
        for problem in problems
        if lookup(config, problem.location) is MISSING
        and any(
            other.location[:-1] == problem.location[:-1]
            and did_you_mean(str(other.location[-1]), [str(problem.location[-1])])
            for other in unknown
        )
    }
    return [problem for problem in problems if problem.location not in misspelt]


def _choices(bare: Any) -> list[str]:
    """The words a setting chooses from."""
    return [str(value) for value in get_args(bare)] if get_origin(bare) is not None and not union_members(bare) else []


def _key(target: _Target) -> str:
    """The key of the setting that an error belongs to."""
    fields = target.owner.model_fields if target.owner is not None else {}
    return next((name for name, field in fields.items() if field is target.field), "")


def _kind(annotation: Any, constraints: Sequence[Any]) -> str:
    return plain_type(annotation, constraints, _keys_of)


def _keys_of(model: type[BaseModel]) -> str:
    return f"a section of {', '.join(f'`{name}`' for name in model.model_fields)}"


def _clean(key: str) -> str:
    """A name made of a key: everything that a path could stumble over becomes `-`."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "-" for char in key)
    return kept.strip("-._")[:80] or "NAME"


def _with_block(hint: str, location: Location, value: Any) -> str:
    """A hint, with the YAML when the value is short enough to repeat."""
    items = value if isinstance(value, list) else [value]
    short = len(str(value)) <= 80 and all(isinstance(item, (str, int, float)) for item in items)
    return f"{hint}\n{indented(yaml_block(location, value))}" if short else hint
