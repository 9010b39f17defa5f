"""Import libraries without a heavy optional dependency that MarkNER does not use.

Most jobs of a study are short, and imports take most of their time.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def stub_import(name: str) -> Iterator[None]:
    """Let a top-level module count as not installed for the imports in the block, unless it is already imported."""
    if name in sys.modules:
        yield
        return
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]
