"""A run that is killed in the middle leaves the rest to do, and the study it leads to is the same."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_study import CONFIG, RESULTS, command, copy, environment, finished, plan, snakemake

pytestmark = [pytest.mark.models, pytest.mark.slow]

LATE = ("scores", "significance", "tables", "figures")


def contents(folder: Path) -> dict[str, bytes]:
    """The results of the late rules, records left out: they tell times."""
    files = (path for part in LATE for path in (folder / RESULTS / part).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if not path.name.endswith(".prov.json")}


def test_a_killed_run_goes_on_where_it_was(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    made, _ = finished(tmp_path_factory.getbasetemp())
    folder = copy(made, tmp_path / "checkout")
    before = contents(folder)
    # The report tells measured times too, so a new one has other bytes.
    for part in (*LATE, "report"):
        shutil.rmtree(folder / RESULTS / part)
    for name in ("lineage.json", "lineage.json.prov.json"):
        (folder / RESULTS / name).unlink()
    shutil.rmtree(folder / ".snakemake")
    everything = plan(folder)
    arguments = [sys.executable, "-m", "snakemake", "--configfile", CONFIG, "-c2"]
    running = subprocess.Popen(
        arguments, cwd=folder, env=environment(folder), stderr=subprocess.DEVNULL, start_new_session=True
    )
    while len(list((folder / RESULTS / "scores").rglob("*.prov.json"))) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    done = {job for job in everything if all((folder / f"{path}.prov.json").exists() for path in job.outputs)}
    assert done
    assert plan(folder) >= everything - done, "Snakemake may hold a job for unfinished that has just written its record"
    shutil.rmtree(folder / ".snakemake")
    assert plan(folder) == everything - done
    snakemake(folder)
    after = contents(folder)
    assert sorted(after) == sorted(before)
    assert [name for name in after if after[name] != before[name]] == []
    assert command(folder, "-m", "markner.cli.main", "audit", "results").stdout.startswith("FRESH")
