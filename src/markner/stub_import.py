"""Import libraries without their heavy optional dependencies that MarkNER does not use.

Most jobs of a study are short, and imports take most of their time.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def stub_import(name: str, **members: object) -> Iterator[None]:
    """Replace the module `name` by a stub for the imports in the block.

    Without `members` the module counts as not installed; with them the stub has these members alone. A module that is
    already imported is not replaced. After the block the real module can be imported.

    Args:
        name: A module, for example `sklearn.exceptions`.
        members: Members of the stub.
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
