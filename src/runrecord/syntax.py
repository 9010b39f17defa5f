"""What a Python module says, part by part: the meaning of its definitions, and what each of them names."""

import ast
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from runrecord.errors import RecordError

BODY = "(module body)"
MAIN = "(main)"
_PURE_DECORATORS = {
    *("dataclass", "contextmanager", "cache", "lru_cache", "total_ordering", "runtime_checkable", "overload", "wraps"),
    *("no_grad", "inference_mode"),
}
"""Decorators that register nothing: what they decorate counts only where it is named."""
_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_SKIPPED_FIELDS = {"type_comment", "kind", "ctx"}
_SINCE_3_12 = "type_params"
"""A field that is written down only if it says something, so that code has the same hash in Python 3.11."""
_ANNOTATIONS = {"annotation", "returns"}


@dataclass(slots=True)
class Part:
    """One top-level definition, or the rest of a module: what it says and what it names."""

    dump: list[str] = field(default_factory=list)
    chains: set[tuple[str, ...]] = field(default_factory=set)
    imports: set[tuple[str, str | None]] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Module:
    """A parsed module: its parts, by name; a name that is bound more than once has one part for all its statements."""

    name: str
    parts: dict[str, Part]
    bound: dict[str, set[str]]
    """Which parts bind a name, imports left out."""
    imported: dict[str, set[tuple[str, str | None]]]
    """What an imported name stands for: module and, if it is one, the name in it."""
    digests: dict[str, str] = field(default_factory=dict)

    def binds(self, name: str) -> bool:
        """Return whether a name exists at the top of the module."""
        return name in self.bound or name in self.imported

    def digest(self, key: str) -> str:
        """Return the hash of one part."""
        if key not in self.digests:
            self.digests[key] = digest("".join(self.parts[key].dump))
        return self.digests[key]


@cache
def parse(name: str, source: bytes, path: str) -> Module:
    """Parse a module into its definitions.

    Keyed by its bytes, so that a module is parsed once a process and never held for another.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise RecordError(f"{path}{line}: not valid Python: {error}") from error
    reader = _Reader(name, package=path.endswith("__init__.py"))
    for statement in tree.body:
        reader.statement(statement)
    return reader.finish()


class _Reader:
    """Sorts the statements of a module into parts and writes down what each says and names."""

    def __init__(self, name: str, package: bool) -> None:
        self.package = name if package else name.rpartition(".")[0]
        self.module = Module(name, {}, {}, {})
        self.top_imports: list[tuple[str, str, str | None]] = []
        self.part = Part()

    def statement(self, node: ast.stmt) -> None:
        if _says_nothing(node):
            return
        match node:
            case ast.Import() | ast.ImportFrom():
                self._open(BODY)
                for bound, target, symbol in self._imports(node):
                    self.top_imports.append((bound, target, symbol))
            case ast.If(test=test, orelse=[]) if _last(test) == "TYPE_CHECKING":
                return
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                self._open(MAIN)
                self._write(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._open(node.name, node.name)
                self._write(node)
                if any(_last(decorator) not in _PURE_DECORATORS for decorator in node.decorator_list):
                    self._open(BODY).chains.add((node.name,))
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() if names := _assigned(node):
                for name in names:
                    self._open(name, name)
                    self._write(node)
            case _:
                self._open(BODY, *_bound_inside(node))
                self._write(node)

    def finish(self) -> Module:
        """Return the module. An import whose name is never used has an effect of its own, so it is part of the body."""
        used = {chain[0] for part in self.module.parts.values() for chain in part.chains}
        for bound, target, symbol in self.top_imports:
            if bound not in used:
                self.module.parts[BODY].dump.append(f"import {target} {symbol}\n")
        for part in self.module.parts.values():
            for name in sorted({chain[0] for chain in part.chains} & set(self.module.imported)):
                part.dump.append(f"{name} is {sorted(self.module.imported[name], key=str)}\n")
        return self.module

    def _open(self, key: str, *names: str) -> Part:
        self.part = self.module.parts.setdefault(key, Part())
        for name in names:
            self.module.bound.setdefault(name, set()).add(key)
        return self.part

    def _write(self, node: ast.AST, annotation: bool = False) -> None:
        """Write down a node's meaning: types and fields, without places, docstrings and `pass`."""
        part = self.part
        match node:
            case ast.Import() | ast.ImportFrom():
                self._imports(node)
            case ast.Name(ctx=ast.Load()):
                part.chains.add((node.id,))
            case ast.Attribute() if chain := _chain(node):
                part.chains.add(chain)
                part.dump.append(f"{chain}")
                return
            case ast.Constant(value=value):
                part.dump.append(f"{value!r};")
                if isinstance(value, str):
                    self._string(value, annotation)
                return
        part.dump.append(f"{type(node).__name__}(")
        for name in node._fields:
            value = getattr(node, name, None)
            if name not in _SKIPPED_FIELDS and (value or name != _SINCE_3_12):
                part.dump.append(f"{name}=")
                self._value(value, annotation or name in _ANNOTATIONS)
        part.dump.append(")")

    def _value(self, value: Any, annotation: bool) -> None:
        if isinstance(value, list):
            self.part.dump.append("[")
            for item in value:
                if not _says_nothing(item):
                    self._value(item, annotation)
            self.part.dump.append("]")
        elif isinstance(value, ast.AST):
            self._write(value, annotation)
        else:
            self.part.dump.append(f"{value!r},")

    def _string(self, text: str, annotation: bool) -> None:
        if _MODULE_NAME.fullmatch(text):
            self.part.strings.add(text)
        if annotation:
            try:
                names = ast.walk(ast.parse(text, mode="eval"))
            except SyntaxError:
                return
            self.part.chains |= {(node.id,) for node in names if isinstance(node, ast.Name)}

    def _imports(self, node: ast.Import | ast.ImportFrom) -> list[tuple[str, str, str | None]]:
        """Note an import: what runs, and what its names stand for. Returns bound name, module and symbol of each."""
        imported: list[tuple[str, str, str | None]] = []
        for alias in node.names:
            if isinstance(node, ast.Import):
                self.part.imports.add((alias.name, None))
                top = alias.name.partition(".")[0]
                imported.append((alias.asname, alias.name, None) if alias.asname else (top, top, None))
            else:
                base = self.package.split(".")[: len(self.package.split(".")) - node.level + 1] if node.level else []
                target = ".".join([*base, *([node.module] if node.module else [])])
                self.part.imports.add((target, alias.name))
                imported.append((alias.asname or alias.name, target, alias.name))
        for bound, target, symbol in imported:
            self.module.imported.setdefault(bound, set()).add((target, symbol))
        return imported


def _says_nothing(item: Any) -> bool:
    """Return whether a statement is a docstring, also of an attribute, `pass`, or a function that only plans."""
    match item:
        case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.FunctionDef(decorator_list=decorators):
            return any(_last(decorator) == "planning_only" for decorator in decorators)
    return False


def _chain(node: ast.expr) -> tuple[str, ...]:
    """Return the names of `a.b.c`; none if it does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def _last(node: ast.expr) -> str:
    """Return the last name of `a.b.c` or `a.b.c(...)`."""
    chain = _chain(node.func if isinstance(node, ast.Call) else node)
    return chain[-1] if chain else ""


def _assigned(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[str]:
    """Return the names that a statement assigns; none if it also changes something else."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    elements = [leaf for target in targets for leaf in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return (
        [leaf.id for leaf in elements if isinstance(leaf, ast.Name)]
        if all(isinstance(leaf, ast.Name) for leaf in elements)
        else []
    )


def _bound_inside(node: ast.stmt) -> set[str]:
    """Return the names that a compound statement binds at the top of a module."""
    names = {
        child.id for child in ast.walk(node) if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load)
    }
    return names | {
        child.name
        for child in ast.walk(node)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def digest(text: str) -> str:
    """Return 32 hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
