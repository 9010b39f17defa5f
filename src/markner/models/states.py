"""States of a training that it can be resumed from: whose they are, and which of them is whole."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from markner.errors import MarknerError
from markner.files import read_json
from markner.models.causal.examples import Example
from markner.study.schema.systems import Training

_SETTINGS = "settings.sha256"


def fingerprint(weights: Path, examples: Sequence[Example], training: Training, seed: int, sharded: bool) -> str:
    """Hash of what a state depends on.

    The number of processes is not in it: it decides how a step is divided, not what is in it, and a sharded state is
    dealt out anew to any number of them. Sharded and plain states are files of two kinds.
    """
    digest = hashlib.sha256()
    facts = weights / "markner.json"
    digest.update(facts.read_bytes() if facts.is_file() else str(weights).encode())
    digest.update(json.dumps([training.model_dump(), seed, sharded]).encode())
    for example in examples:
        digest.update(repr(example).encode())
    return digest.hexdigest()


def resumable(checkpoints: Path, fingerprint: str) -> str | None:
    """The last whole checkpoint of the same settings, or None; all others are removed."""
    settings = checkpoints / _SETTINGS
    if not settings.is_file() or settings.read_text(encoding="utf-8") != fingerprint:
        shutil.rmtree(checkpoints, ignore_errors=True)
        checkpoints.mkdir(parents=True)
        settings.write_text(fingerprint, encoding="utf-8")
        return None
    found = sorted(checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]), reverse=True)
    for checkpoint in found:
        try:
            # The Trainer writes this file last: a checkpoint without it is torn.
            read_json(checkpoint / "trainer_state.json")
            return str(checkpoint)
        except (OSError, MarknerError):
            shutil.rmtree(checkpoint)
    return None
