"""Turn pydantic's errors into problems that people can fix: what is wrong in plain words, and what to write."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

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
from markner.study.wording import did_you_mean, indented, shown, yaml_block, yaml_hint
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
    setting: Location
    """Place of `field`; the error is there or within it."""
    branches: tuple[tuple[Location, tuple[Any, ...], Any], ...]
    is_key: bool

    @property
    def documentation(self) -> str:
        """The docstring of the setting."""
        return documentation(self.owner, str(self.setting[-1])) if self.owner is not None else ""


def problems_of(error: ValidationError, root: type[BaseModel], config: dict[str, Any]) -> list[Problem]:
    """Return the problems behind pydantic's errors, one for each mistake."""
    problems: dict[Location, Problem] = {}
    for detail in error.errors(include_url=False):
        target = _resolve(root, detail["loc"])
        whole = _undecided(target, config)
        if whole is not None:
            problems.setdefault(whole[0], _wrong_union(target, *whole, config))
        elif all(_branch_of(members, lookup(config, at)) is branch for at, members, branch in target.branches):
            problem = _problem(target, detail["type"], detail.get("ctx") or {}, config)
            problems.setdefault(problem.location, problem)
    return _without_echoes(list(problems.values()), config)


def _resolve(root: type[BaseModel], loc: Sequence[str | int]) -> _Target:
    """Walk a pydantic location along the types: tags and names of union members are no part of the data."""
    annotation: Any = root
    above: Any = root
    constraints: tuple[Any, ...] = ()
    owner: type[BaseModel] | None = None
    field: FieldInfo | None = None
    setting: Location = ()
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
            field, setting = owner.model_fields.get(str(step)), tuple(at)
            annotation, constraints = (field.annotation, tuple(field.metadata)) if field else (None, ())
        else:
            arguments = get_args(parts.bare)
            annotation, constraints = (arguments[-1] if arguments else None), ()
    if is_key:
        annotation, constraints = (get_args(above) or (None,))[0], ()
    return _Target(tuple(at), annotation, constraints, owner, field, setting, tuple(branches), is_key)


def _branch_of(members: Sequence[Any], value: Any) -> Any:
    """Return the member of a union that a value was meant to be, None if it is not clear."""
    if not isinstance(value, Mapping):
        return None
    models = [member for member in members if is_model(member)]
    fits = {model: sum(did_you_mean(key, model.model_fields) is not None for key in value) for model in models}
    best = max(models, key=lambda model: fits[model])
    return best if fits[best] else None


def _undecided(target: _Target, config: dict[str, Any]) -> tuple[Location, tuple[Any, ...]] | None:
    """Return the outermost union on the way whose value resembles none of its members."""
    for at, members, _ in target.branches:
        if _branch_of(members, lookup(config, at)) is None:
            return at, members
    return None


def _wrong_union(target: _Target, at: Location, members: Sequence[Any], config: dict[str, Any]) -> Problem:
    """Return the problem of a value that is none of the forms a setting can take."""
    forms = [_keys_of(member) if is_model(member) else "a file name" for member in members]
    what = f"expected {listed(forms)}, found {shown(lookup(config, at))}"
    # pydantic may have looked into a member of the union, so the setting of the error may be a deeper one
    return Problem(at, what, f"write {listed(forms) if len(target.setting) > len(at) else _examples(target)}")


def _problem(target: _Target, kind: str, context: Mapping[str, Any], config: dict[str, Any]) -> Problem:
    """Return one error of pydantic as a problem."""
    value = lookup(config, target.location)
    if target.is_key:
        return _wrong_name(target, config)
    if kind in ("extra_forbidden", "invalid_key") and target.owner is not None:
        return _unknown_key(target.location, target.owner, value)
    if kind == "missing" and target.field is not None:
        return Problem(
            target.location,
            f"missing: {target.documentation}",
            f"add `{target.location[-1]}:`, {_examples(target)}",
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_tag(target, value)
    if kind == "value_error":
        return _unfit(target, str(context.get("error", "not valid")))
    return _wrong_value(target, value)


def _examples(target: _Target) -> str:
    """Return the type of a setting in words, with YAML: its own examples, or else its default."""
    kind = _kind(target.annotation, target.constraints)
    values = _values(target.field)
    blocks = "\n  or\n".join(indented(yaml_block(target.setting, value)) for value in values)
    return f"{kind}, for example:\n{blocks}" if values else kind


def _values(field: FieldInfo | None) -> list[Any]:
    """Return the examples of a setting, or else its default as YAML can hold it; nothing for an empty default."""
    if field is None or field.examples:
        return list(field.examples or []) if field else []
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, BaseModel):
        default = default.model_dump()
    plain = isinstance(default, (bool, int, float, str, list)) or is_model(unwrap(field.annotation).bare)
    return [] if default is PydanticUndefined or default in ("", []) or not plain else [default]


def _unfit(target: _Target, message: str) -> Problem:
    """Return the problem of keys that do not fit each other. Its fix explains the keys that the message names."""
    model = unwrap(target.annotation).bare
    owner = model if is_model(model) else target.owner
    fields = owner.model_fields if owner is not None else {}
    keys = [key for key in dict.fromkeys(re.findall(r"`(\w+)", message)) if key in fields] or list(fields)
    if not is_model(model) and target.field is not None:
        return Problem(target.location, message, f"write {_examples(target)}")
    meanings = " ".join(f"`{key}`: {documentation(owner, key)}" for key in keys) if owner is not None else ""
    values = {key: examples[0] for key in keys if (examples := fields[key].examples)}
    example = yaml_hint(target.location, values, " For example:") if values else ""
    return Problem(target.location, message, f"change {listed([f'`{key}`' for key in keys])}. {meanings}{example}")


def _unknown_key(location: Location, owner: type[BaseModel], value: Any) -> Problem:
    """Return the problem of an unknown key: the closest one, or the section below where it belongs."""
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
        hint = f"move it into `{name}:`. {documentation(model, key)}"
        return Problem(location, "unknown key here", _with_block(hint, there, value))
    close = did_you_mean(key, fields)
    allowed = f"Allowed here: {', '.join(f'`{name}`' for name in fields)}."
    if close is None:
        return Problem(location, "unknown key", f"remove it. {allowed}")
    hint = f"did you mean `{close}`? {documentation(owner, close)} {allowed}"
    return Problem(location, "unknown key", _with_block(hint, (*location[:-1], close), value))


def _wrong_tag(target: _Target, value: Any) -> Problem:
    """Return the problem of a section whose kind is missing or unknown."""
    parts = unwrap(target.annotation, target.constraints)
    key = discriminator(parts) or ""
    members = union_members(parts.bare)
    tags = [tag(member, key) for member in members]
    given = value.get(key) if isinstance(value, Mapping) else None
    location = (*target.location, key)
    close = did_you_mean(given, tags) if isinstance(given, str) else None
    chosen = close or tags[0]
    kinds = ", ".join(f"`{tag(member, key)}` ({documentation(member, key).rstrip('.')})" for member in members)
    what = (
        f"expected {listed([f'`{name}`' for name in tags])}, found {shown(given)}" if given is not None else "missing"
    )
    lead = f"did you mean `{close}`? " if close else ""
    return Problem(location, what, yaml_hint(location, chosen, f"{lead}There are {kinds}. For example:"))


def _wrong_value(target: _Target, value: Any) -> Problem:
    """Return the problem of a value that its type does not allow."""
    bare = unwrap(target.annotation, target.constraints).bare
    below = target.location[len(target.setting) :]
    what = f"expected {_kind(target.annotation, target.constraints)}, found {shown(value)}"
    if isinstance(value, str) and what.startswith("expected a name"):
        what += f". {NAME_RULE}"
    if bare is str and isinstance(value, (bool, int, float)):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        fix = yaml_hint(target.location, text, "put text in quotes:")
    elif isinstance(value, str) and (close := did_you_mean(value, _choices(bare))):
        fix = yaml_hint(target.location, close, f"did you mean `{close}`:")
    elif all(isinstance(step, int) for step in below):
        fix = f"write {_examples(target)}"
    else:
        fix = f"write {_kind(target.annotation, target.constraints)}"
    if target.field is not None and not below:
        if value is None and not target.field.is_required():
            fix = f"remove the empty key, or {fix}"
        fix = f"{target.documentation}\n  {fix}"
    return Problem(target.location, what, fix)


def _wrong_name(target: _Target, config: dict[str, Any]) -> Problem:
    """Return the problem of a key that is no name, or none of the allowed words."""
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
    """Return the words a setting chooses from."""
    return [str(value) for value in get_args(bare)] if get_origin(bare) is not None and not union_members(bare) else []


def _kind(annotation: Any, constraints: Sequence[Any]) -> str:
    return plain_type(annotation, constraints, _keys_of)


def _keys_of(model: type[BaseModel]) -> str:
    return f"a section of {', '.join(f'`{name}`' for name in model.model_fields)}"


def _clean(key: str) -> str:
    """Return a valid name made of a key: every other character becomes `-`."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "-" for char in key)
    return kept.strip("-._")[:80] or "NAME"


def _with_block(hint: str, location: Location, value: Any) -> str:
    """Return a hint, with the YAML if the value is short enough to repeat."""
    items = value if isinstance(value, list) else [value]
    short = len(str(value)) <= 80 and all(isinstance(item, (str, int, float)) for item in items)
    return yaml_hint(location, value, hint) if short else hint
