"""The notebook reads the results of a study, cell by cell."""

import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from tiny_study import finished


@pytest.mark.parametrize("start", [".", "docs"])
def test_the_results_are_found_from_the_checkout_and_from_docs(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results" / "demo").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / start)
    cells = json.loads((ROOT / "docs" / "results.ipynb").read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    exec("".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"]), names)
    assert names["results"] == tmp_path / "results" / "demo"


@pytest.mark.models
@pytest.mark.slow
def test_every_cell_runs_and_shows_something(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = finished(tmp_path_factory.getbasetemp())
    monkeypatch.chdir(folder)
    cells = json.loads((ROOT / "docs" / "results.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in cells)
    names: dict[str, object] = {}
    exec(code[0], names)
    for cell in code[1:]:
        *statements, shown = cell.split("\n")
        exec("\n".join(statements), names)
        value = eval(shown, names)
        assert isinstance(value, pd.DataFrame)
        assert len(value), cell
