"""What tests share: where the real corpora are, if they are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No timed tests: on a busy machine a deadline fails for no fault of the code.
settings.register_profile("markner", deadline=None)
settings.load_profile("markner")

ROOT = Path(__file__).parents[1]


def mirror() -> Path | None:
    """Folder with the real corpora, None where there is none."""
    for candidate in (os.environ.get("MARKNER_MIRROR"), ROOT.parent / "shared" / "corpora"):
        if candidate and (Path(candidate) / "MANIFEST.json").is_file():
            return Path(candidate)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real corpora where they are not at hand."""
    if mirror() is None:
        for item in items:
            if item.get_closest_marker("corpora"):
                item.add_marker(pytest.mark.skip(reason="the real corpora are not here; set MARKNER_MIRROR"))


@pytest.fixture(scope="session")
def corpora_mirror() -> Path:
    """Folder with the real corpora, for tests marked `corpora`."""
    folder = mirror()
    assert folder is not None
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread for torch: the tests' tiny models are slower on many."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
