"""Types of settings in plain words, for error messages and the config reference."""

import ast
import functools
import inspect
import itertools
import operator
import sys
import types
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from markner.study.schema.base import NAME_PATTERN

NAME_RULE = (
    "A name has letters, digits, `_`, `.` and `-`, starts with a letter or a digit, and has at most 80 characters."
)

PATTERNS = {
    NAME_PATTERN: "a name",
    r"^[^/\s]+/[^/\s]+$": "text of the form `owner/name`",
    r"^[0-9a-f]{64}$": "64 hexadecimal digits in lower case",
}
"""Regular expressions of the settings in plain words."""

ModelText = Callable[[type[BaseModel]], str]


class TypeParts(NamedTuple):
    """An annotation without its wrapping: bare type and constraints."""

    bare: Any
    constraints: tuple[Any, ...]


def unwrap(annotation: Any, constraints: Sequence[Any] = ()) -> TypeParts:
    """Remove `Annotated` and `| None` from a type, and collect their constraints."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return unwrap(inner, (*constraints, *more))
    members = union_members(annotation)
    present = [member for member in members if member is not types.NoneType]
    if len(present) < len(members):
        return unwrap(functools.reduce(operator.or_, present), constraints)
    return TypeParts(annotation, tuple(constraints))


def union_members(annotation: Any) -> list[Any]:
    """Return the members of a union; an empty list for any other type."""
    return list(get_args(annotation)) if get_origin(annotation) in (Union, types.UnionType) else []


def is_model(annotation: Any) -> bool:
    """Return whether a bare type is a settings section."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def discriminator(parts: TypeParts) -> str | None:
    """Return the key by which the members of a union of sections differ, None if there is no such key."""
    names = (constraint.discriminator for constraint in parts.constraints if isinstance(constraint, FieldInfo))
    return next((name for name in names if isinstance(name, str)), None)


def tag(model: type[BaseModel], key: str) -> str:
    """Return the value of the discriminating key that selects a section."""
    return str(get_args(model.model_fields[key].annotation)[0])


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return all sections that a type mentions directly, in order."""
    bare = unwrap(annotation).bare
    if is_model(bare):
        return [bare]
    return [model for argument in get_args(bare) if get_origin(bare) is not Literal for model in models_in(argument)]


def documentation(model: type[BaseModel], key: str) -> str:
    """Return the docstring of a setting on one line; empty if it has none."""
    texts = (_docstrings(base.__module__).get((base.__qualname__, key)) for base in model.__mro__)
    return " ".join(next((text for text in texts if text), "").split())


@functools.cache
def _docstrings(module: str) -> dict[tuple[str, str], str]:
    """Return the docstrings below the settings of a module, by class and key.

    Read when a message needs them: pydantic's `use_attribute_docstrings` takes a quarter of the time of importing.
    """
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        (section.name, field.target.id): text.value.value
        for section in tree.body
        if isinstance(section, ast.ClassDef)
        for field, text in itertools.pairwise(section.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def listed(words: Sequence[str], last: str = "or") -> str:
    """Return words as an English list: `a`, `b` or `c`, with another word than `or` before the last if wanted."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def plain_type(annotation: Any, constraints: Sequence[Any], model_text: ModelText) -> str:
    """Return a type with its range in plain words; `model_text` names a section."""
    parts = unwrap(annotation, constraints)
    bare, origin = parts.bare, get_origin(parts.bare)
    if origin is Literal:
        return listed([f"`{value}`" for value in get_args(bare)])
    if bare is bool:
        return "`true` or `false`"
    if bare in (int, float):
        bounds = _bounds(parts.constraints)
        return ("a whole number" if bare is int else "a number") + (f", {bounds}" if bounds else "")
    if bare is str:
        return _text(parts.constraints)
    if origin is list:
        item = plain_type(get_args(bare)[0], (), model_text)
        return f"a list{_at_least_one(parts.constraints)}, each entry {item}"
    if origin is dict:
        item = plain_type(get_args(bare)[1], (), model_text)
        keys = plain_type(get_args(bare)[0], (), model_text)
        return f"a section{_at_least_one(parts.constraints)}, each key {keys}, each value {item}"
    if is_model(bare):
        return model_text(bare)
    members = union_members(bare)
    if members:
        return listed([plain_type(member, (), model_text) for member in members])
    return "any value"


def _text(constraints: Sequence[Any]) -> str:
    """Return the kind of a text in plain words, by its pattern if it has one."""
    pattern = _constraint(constraints, "pattern")
    if pattern is not None:
        return PATTERNS.get(pattern, f"text that matches `{pattern}`")
    return "text, not empty" if _constraint(constraints, "min_length") else "text"


def _bounds(constraints: Sequence[Any]) -> str:
    """Return a number's range in plain words; empty if it has none."""
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    bounds = [(word, _constraint(constraints, name)) for name, word in words.items()]
    return " and ".join(f"{word} {value}" for word, value in bounds if value is not None)


def _at_least_one(constraints: Sequence[Any]) -> str:
    """Return the words for a list or a section that must not be empty."""
    return " that is not empty" if _constraint(constraints, "min_length") else ""


def _constraint(constraints: Sequence[Any], name: str) -> Any:
    """Return the value of a constraint by name, None if it is not set."""
    for constraint in constraints:
        value = getattr(constraint, name, None)
        if value is not None:
            return value
    return None
