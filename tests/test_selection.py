"""An encoder's grid and the choice of its best point."""

from pathlib import Path

import pytest

from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.study.grid import Point, grid_jobs, grid_points, point_folder, point_name, select
from markner.study.schema.systems import Axis, Grid


def point(learning_rate: float) -> Point:
    return Point(learning_rate=learning_rate, max_length=256, batch_size=16, dropout=0.1)


def dev_file(folder: Path, learning_rate: float, loss: float) -> Path:
    path = folder / f"{learning_rate}.json"
    report = {"point": point(learning_rate), "epochs": [], "best_epoch": 2, "dev_loss": loss, "dev_f1": 1 - loss}
    write_json(path, report)
    return path


def named(files: list[Path]) -> dict[str, Path]:
    return {path.stem: path for path in files}


def test_the_papers_grid_has_18_points_with_18_names() -> None:
    points = grid_points(Grid())
    assert len(points) == len({point_name(each) for each in points}) == 18
    assert point_name(points[0]) == "lr1e-05_len128_bs16_drop0.1"
    assert point_name(points[1]) == "lr1e-05_len128_bs32_drop0.1"
    assert point_name(points[-1]) == "lr5e-05_len512_bs32_drop0.1"


@pytest.mark.parametrize(
    ("grid_batching", "jobs", "first"),
    [
        (["learning_rate", "max_length", "batch_size", "dropout"], 18, "lr1e-05_len128_bs16_drop0.1"),
        (["max_length", "learning_rate"], 9, "lr1e-05_len128"),
        (["batch_size"], 2, "bs16"),
        ([], 1, "all"),
    ],
)
def test_jobs_share_the_points_of_a_grid(grid_batching: list[Axis], jobs: int, first: str) -> None:
    found = grid_jobs(Grid(), grid_batching)
    assert (len(found), next(iter(found))) == (jobs, first)
    points = [point for points in found.values() for point in points.values()]
    assert sorted(map(point_name, points)) == sorted(map(point_name, grid_points(Grid())))
    assert all(name == point_name(point) for points in found.values() for name, point in points.items())
    folders = {point_folder(job, name) for job, names in found.items() for name in names}
    assert len(folders) == 18
    assert ("lr1e-05_len128_bs16_drop0.1" in folders) == (jobs == 18)


def test_close_values_have_different_names() -> None:
    assert point_name(point(3e-5)) == "lr3e-05_len256_bs16_drop0.1"
    assert point_name(point(3.0000001e-5)) != point_name(point(3e-5))


def test_the_lowest_loss_is_selected_and_of_equals_the_first(tmp_path: Path) -> None:
    files = [dev_file(tmp_path, rate, loss) for rate, loss in ((1e-5, 0.3), (3e-5, 0.1), (5e-5, 0.1))]
    select(named(files), tmp_path / "selection.json")
    chosen = read_json(tmp_path / "selection.json")
    assert chosen["selected"] == "lr3e-05_len256_bs16_drop0.1"
    assert [each["learning_rate"] for each in chosen["points"]] == [1e-5, 3e-5, 5e-5]
    assert chosen["points"][1] == {
        "name": "lr3e-05_len256_bs16_drop0.1",
        "folder": "3e-05",
        **point(3e-5),
        "best_epoch": 2,
        "dev_loss": 0.1,
        "dev_f1": 0.9,
        "epochs": [],
    }


def test_what_is_not_a_points_file_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / "dev.json", {"point": point(1e-5)})
    with pytest.raises(MarknerError, match=r"dev\.json: not the dev\.json of a grid point"):
        select(named([tmp_path / "dev.json"]), tmp_path / "selection.json")
    with pytest.raises(MarknerError, match="no grid points"):
        select({}, tmp_path / "selection.json")
    assert not (tmp_path / "selection.json").exists()
