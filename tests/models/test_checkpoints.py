"""The fingerprint of interrupted jobs, and what is kept of their checkpoints."""

import json
import os
from pathlib import Path

from markner.models.checkpoints import claim_folder, fingerprint, last_state


def test_settings_bytes_of_files_and_files_of_folders_count(tmp_path: Path) -> None:
    data, model = tmp_path / "data.json", tmp_path / "model"
    model.mkdir()
    data.write_text("a")
    (model / "weights").write_text("w")
    hashes = [fingerprint([1], [data], [model])]
    assert hashes == [fingerprint([1], [data], [model])]
    hashes.append(fingerprint([2], [data], [model]))
    data.write_text("b")
    hashes.append(fingerprint([1], [data], [model]))
    os.utime(model / "weights", (1, 1))
    hashes.append(fingerprint([1], [data], [model]))
    (model / "deeper").mkdir()
    (model / "deeper" / "weights").write_text("w")
    hashes.append(fingerprint([1], [data], [model]))
    assert len(set(hashes)) == len(hashes)


def test_of_fetched_weights_the_hashes_count_not_the_times(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("w")
    (tmp_path / "markner.json").write_text(json.dumps({"files": {"weights": "one"}}))
    before = fingerprint([], folders=[tmp_path])
    os.utime(tmp_path / "weights", (1, 1))
    assert fingerprint([], folders=[tmp_path]) == before
    (tmp_path / "markner.json").write_text(json.dumps({"files": {"weights": "two"}}))
    assert fingerprint([], folders=[tmp_path]) != before


def test_a_folder_is_kept_for_the_same_job_and_emptied_for_another(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    claim_folder(folder, "one")
    (folder / "state").write_text("x")
    claim_folder(folder, "one")
    assert (folder / "state").exists()
    claim_folder(folder, "two")
    assert not (folder / "state").exists()


def test_the_last_complete_state_counts_by_its_number(tmp_path: Path) -> None:
    assert last_state(tmp_path) is None
    for step, text in ((9, "{}"), (10, "{}"), (11, "{")):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(text)
    assert last_state(tmp_path) == str(tmp_path / "checkpoint-10")
    assert not (tmp_path / "checkpoint-11").exists()
