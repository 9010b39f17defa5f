"""Records are sealed, keep their history, and hold neither secrets nor this machine's folders."""

from pathlib import Path
from typing import Any

import pytest

from runrecord.errors import RecordError
from runrecord.machine import CHECKOUT
from runrecord.record import clean, located, portable, read_record, record_path, seal_of, write_record

FACTS: dict[str, Any] = {
    "rule": "r",
    "wildcards": {},
    "settings": {"lr": 0.1},
    "code": {"script": "x.py", "hash": "h", "parts": {}, "changed_meanwhile": []},
    "inputs": [{"name": "", "path": "in.txt", "before": "a", "after": "a", "record": None}],
    "started": "2026-01-01T00:00:00.000+00:00",
    "ended": "2026-01-01T00:00:01.000+00:00",
}


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("out.txt").write_text("é")
    write_record("out.txt", FACTS)
    return Path("out.txt")


def test_a_record_can_be_read_again(output: Path) -> None:
    record = read_record(output)
    assert record is not None
    assert record["path"] == "out.txt"
    assert record["settings"] == {"lr": 0.1}
    assert record["seal"] == seal_of(output)
    assert read_record("absent.txt") is None


def test_every_single_byte_of_a_record_is_sealed(output: Path) -> None:
    place = record_path(output)
    true = place.read_bytes()
    for index in range(len(true)):
        place.write_bytes(true[:index] + bytes([true[index] ^ 1]) + true[index + 1 :])
        with pytest.raises(RecordError, match="not the record that a job wrote"):
            read_record(output)
    for changed in (true + b"\n", true[:-1], b"", b"[]"):
        place.write_bytes(changed)
        with pytest.raises(RecordError, match="not the record that a job wrote"):
            read_record(output)


def test_history_keeps_every_earlier_making(output: Path) -> None:
    seals = [seal_of(output)]
    for lr in (0.2, 0.3):
        output.write_text(str(lr))
        write_record(output, {**FACTS, "settings": {"lr": lr}})
        seals.append(seal_of(output))
    record = read_record(output)
    assert record is not None
    assert [entry["seal"] for entry in record["history"]] == seals[:-1]
    assert [entry["settings"]["lr"] for entry in record["history"]] == [0.1, 0.2]


def test_a_folder_has_its_record_beside_it_and_names_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d/e").mkdir(parents=True)
    Path("d/e/f").write_text("1")
    write_record("d/", FACTS)
    record = read_record("d")
    assert record is not None
    assert list(record["files"]) == ["e/f"]
    assert Path("d.prov.json").is_file()


def test_no_secret_and_no_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = {"path": Path("/home/somebody/m"), "api_key": "s3", "deep": [{"token": "s3", "tokens": 5}], "n": (1, 2)}
    assert clean(settings) == {
        "path": "~/m",
        "api_key": "(masked)",
        "deep": [{"token": "(masked)", "tokens": 5}],
        "n": [1, 2],
    }


def test_paths_do_not_name_folders_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert portable(tmp_path / "here/a/../b.txt") == "b.txt"
    assert portable("../other/c.txt") == "(outside)/c.txt"
    script = CHECKOUT / "workflow/scripts/x.py"
    assert portable(script) == "(checkout)/workflow/scripts/x.py"
    assert located(portable(script), tmp_path) == script
    assert located("a/b", tmp_path) == tmp_path / "a/b"
