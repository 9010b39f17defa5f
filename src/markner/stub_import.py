"""Imports of libraries without the heavy companions that they would bring along and that no one here uses.

Most jobs of a study are short: starting Python and importing what they use is what they take.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def stub_import(name: str, **members: object) -> Iterator[None]:
    """Keep what is imported in the block from importing the module `name`.

    Without `members` the module counts as not installed; with them it is a module of these members alone. One that is
    imported already stays what it is, and after the block anyone can import the real one.

    Args:
        name: A module, such as `sklearn.exceptions`.
        members: What the importer takes from it.
    """
    top = name.partition(".")[0]
    if top in sys.modules:
        yield
        return
    added: dict[str, ModuleType | None] = {top: ModuleType(top) if members else None}
    if members:
        added[name] = ModuleType(name)
        vars(added[name]).update(members)
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules.update(added)
    try:
        yield
    finally:
        for each in added:
            del modules[each]
