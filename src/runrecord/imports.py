"""Faster imports: Python looks for garbage rarely while modules are imported, since they leave next to none."""

import gc
import sys

_RARELY = 10_000
"""New objects, less those freed, between two looks; by itself Python looks after 700, or after 2,000 since 3.13."""
_usual = gc.get_threshold()


def collect_rarely() -> tuple[int, ...]:
    """Let Python look for garbage rarely, until `end_of_imports`; returns the thresholds of before.

    Only in a job, a plan or a command: in somebody else's program Python goes on as it did.
    """
    if any(name in sys.argv[0] for name in ("snakemake", "markner")):
        gc.set_threshold(_RARELY, *_usual[1:])
    return _usual


def end_of_imports() -> None:
    """Let Python look for garbage as often as it did, but no longer among the modules that are imported by now."""
    gc.freeze()
    gc.set_threshold(*_usual)
