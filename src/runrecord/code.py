"""A hash over the meaning of a script's code: of every definition that it can reach, and of nothing else.

Comments, docstrings, formatting and definitions that the script cannot reach do not count. Reached is what is named:
from the script through imports (also inside functions), names, attributes of modules and module names in strings
(`python -m`), down to top-level functions, classes and assignments. Where a name says too little (a module passed as a
value, a star import, `globals()`), the whole module counts.

Of a third-party package that is named there counts the version that `envs/` pins: as declared, not as installed, so
that the machine that plans and the one that runs say the same.
"""

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from runrecord.errors import RecordError
from runrecord.syntax import BODY, Module, digest, parse

_SOURCES = Path(__file__).resolve().parents[1]
PACKAGE_ROOT = next(
    folder for folder in sorted(_SOURCES.iterdir()) if (folder / "__init__.py").is_file() and folder.name != "runrecord"
)
"""The package whose code is hashed: the one beside this package."""
PACKAGE = "package "
"""How the part of a third-party package begins; its hash is the pinned version itself."""
_NO_BEARING = {"huggingface_hub", "pooch", "pydantic", "requests", "rich", "tqdm"}
"""Packages that show progress, check settings, or carry bytes that are checked by their hash."""
_PIN = re.compile(r"^[\s-]*([A-Za-z0-9][\w.-]*)==([^\s#;]+)", re.MULTILINE)
_DYNAMIC = {"globals", "vars", "eval", "exec", "__subclasses__"}


def code_hash(script: str | Path, package_root: Path | None = None) -> str:
    """Return the hash of all code in the package that a script can run: 32 hexadecimal digits of a SHA-256.

    The hash is the same in another folder, and after a change of comments, docstrings or formatting. Raises RecordError
    if the script is missing or a module is not Python; it names file and line.
    """
    return parts_hash(code_parts(script, package_root))


def parts_hash(parts: dict[str, str]) -> str:
    """Return the code hash of a set of parts. Their order does not matter."""
    return hashlib.sha256("\n".join(f"{name} {parts[name]}" for name in sorted(parts)).encode()).hexdigest()[:32]


def code_parts(script: str | Path, package_root: Path | None = None) -> dict[str, str]:
    """Return the hash of each reachable definition by its qualified name. The script is one part, by its file name.

    The statements of a module outside its definitions are the part `<module> (module body)`. `package_root` is the
    folder of the package, by default the folder of this package.
    """
    path = Path(script)
    root = package_root or PACKAGE_ROOT
    if not path.is_file():
        raise RecordError(f"{path}: there is no such script", "give the path of a Python file, as in workflow/scripts")
    walk = _Reach(root, path.parent)
    module = parse(path.name, path.read_bytes(), str(path))
    walk.modules[path.name] = module
    walk.whole(path.name)
    walk.run()
    parts = {path.name: digest("".join(module.digest(key) for key in module.parts))}
    for name, key in walk.seen - {(path.name, key) for key in module.parts}:
        definitions = walk.modules[name]
        if definitions and definitions.parts[key].dump:  # a body of imports alone says nothing by itself
            parts[f"{name} {key}" if key.startswith("(") else f"{name}.{key}"] = definitions.digest(key)
    return dict(sorted((parts | _pinned(walk.packages, root.parents[1] / "envs")).items()))


def _pinned(packages: Collection[str], folder: Path) -> dict[str, str]:
    """Return the pinned versions of packages by import name, from the files of `folder` that pin them."""
    pins: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*.*")) if packages else ():
        for name, version in _PIN.findall(path.read_text(encoding="utf-8")):
            pins.setdefault(re.sub(r"[-.]", "_", name).lower(), set()).add(version)
    return {f"{PACKAGE}{name}": ", ".join(sorted(pins[name])) for name in packages if name in pins}


class _Reach:
    """The walk from a script over everything that it can reach."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self.siblings = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")}
        self.modules: dict[str, Module | None] = {}
        self.seen: set[tuple[str, str]] = set()
        self.packages: set[str] = set()
        self.named: set[tuple[str, tuple[str, ...]]] = set()
        self.todo: list[tuple[str, str]] = []

    def run(self) -> None:
        while self.todo:
            name, key = self.todo.pop()
            self._follow(name, key)

    def whole(self, name: str) -> None:
        """Count all of a module."""
        module = self._enter(name)
        for key in module.parts if module else ():
            self._add(name, key)

    def _add(self, name: str, key: str) -> None:
        if (name, key) not in self.seen:
            self.seen.add((name, key))
            self.todo.append((name, key))

    def _enter(self, name: str) -> Module | None:
        """Import a module: its own body and those of the packages around it run."""
        if name in self.modules:
            return self.modules[name]
        module = self._load(name)
        self.modules[name] = module
        if parent := name.rpartition(".")[0]:
            self._enter(parent)
        if module and BODY in module.parts:
            self._add(name, BODY)
        return module

    def _load(self, name: str) -> Module | None:
        top, *rest = name.split(".")
        if top == self.root.name:
            base = self.root.joinpath(*rest)
        elif top in self.siblings:
            base = self.folder.joinpath(top, *rest)
        else:
            return None
        for path in (base / "__init__.py", base.with_name(base.name + ".py")):
            if path.is_file():
                return parse(name, path.read_bytes(), str(path))
        return None

    def _follow(self, name: str, key: str) -> None:
        module = self.modules[name]
        if module is None or key not in module.parts:
            return
        part = module.parts[key]
        for target, symbol in part.imports:
            self._import(target, symbol)
        for chain in part.chains:
            self._name(module, chain)
        for text in part.strings:
            if text.split(".")[0] == self.root.name:
                self.whole(text)

    def _import(self, target: str, symbol: str | None) -> None:
        module = self._enter(target)
        if symbol == "*":
            self.whole(target)
        elif symbol and not (module and module.binds(symbol)):
            self._enter(f"{target}.{symbol}")

    def _name(self, module: Module, chain: tuple[str, ...]) -> None:
        """Count what a dotted name stands for in a module."""
        if (module.name, chain) in self.named:
            return
        self.named.add((module.name, chain))
        if not _DYNAMIC.isdisjoint(chain):
            self.whole(module.name)
        for key in module.bound.get(chain[0], ()):
            self._add(module.name, key)
        for target, symbol in module.imported.get(chain[0], ()):
            if (top := target.partition(".")[0]) not in {self.root.name, *self.siblings, *_NO_BEARING}:
                self.packages.add(top)
            if symbol is None:
                self._attribute(target, chain[1:])
            elif (target, symbol) == (module.name, chain[0]):  # a package that imports its own submodule
                self._attribute(f"{target}.{symbol}", chain[1:])
            else:
                self._attribute(target, (symbol, *chain[1:]))

    def _attribute(self, name: str, rest: tuple[str, ...]) -> None:
        """Count what `rest` names in the module `name`; the whole module if it is used as a value."""
        module = self._enter(name)
        if rest and module and module.binds(rest[0]):
            self._name(module, rest)
        elif rest and self._enter(f"{name}.{rest[0]}"):
            self._attribute(f"{name}.{rest[0]}", rest[1:])
        else:
            self.whole(name)
