"""An encoder's grid of hyperparameters and the choice of its best point on the dev split (paper 3.2)."""

import itertools
import os
from collections.abc import Collection, Mapping

from typing_extensions import TypedDict

from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.study.schema.systems import Axis, Grid


class Point(TypedDict):
    """One combination of a grid's values."""

    learning_rate: float
    max_length: int
    batch_size: int
    dropout: float


def grid_points(grid: Grid) -> list[Point]:
    """Return all combinations of a grid, the learning rate changing slowest and the dropout fastest."""
    return [
        Point(learning_rate=learning_rate, max_length=max_length, batch_size=batch_size, dropout=dropout)
        for learning_rate, max_length, batch_size, dropout in itertools.product(
            grid.learning_rate, grid.max_length, grid.batch_size, grid.dropout
        )
    ]


def point_name(point: Point) -> str:
    """Return the name of a point in paths, such as `lr3e-05_len256_bs16_drop0.1`, unique among points."""
    return "_".join(_parts(point).values())


def grid_jobs(grid: Grid, grid_batching: Collection[Axis]) -> dict[str, dict[str, Point]]:
    """Return the points of a grid by name, by the job that trains them.

    There is a job for each combination of values of `grid_batching`.
    """
    jobs: dict[str, dict[str, Point]] = {}
    for point in grid_points(grid):
        jobs.setdefault(job_name(point, grid_batching), {})[point_name(point)] = point
    return jobs


def point_folder(job: str, point: str) -> str:
    """Return the folder of a point within the grid's: the job's own if it has the name of the point."""
    return point if job == point else f"{job}/{point}"


def job_name(point: Point, grid_batching: Collection[Axis]) -> str:
    """Return the name of the job that trains a point: the point's name without the values that differ in the job."""
    return "_".join(part for axis, part in _parts(point).items() if axis in grid_batching) or "all"


def _parts(point: Point) -> dict[Axis, str]:
    return {
        "learning_rate": f"lr{point['learning_rate']!r}",
        "max_length": f"len{point['max_length']}",
        "batch_size": f"bs{point['batch_size']}",
        "dropout": f"drop{float(point['dropout'])!r}",
    }


def select(dev_files: Mapping[str, str | os.PathLike[str]], output: str | os.PathLike[str]) -> None:
    """Write which point has the lowest loss on the dev split (the first of equals), and what each of them reached.

    Args:
        dev_files: The `dev.json` of every point by its folder in the grid's, in the grid's order.
        output: JSON, `selected`: a point's name; `points`: for each `name`, `folder`, its settings, `best_epoch`,
            `dev_loss` (mean cross entropy a word), `dev_f1` (strict) and `epochs`.

    Raises:
        MarknerError: no files, or one that is not a point's.
    """
    points = [_summary(folder, path) for folder, path in dev_files.items()]
    if not points:
        raise MarknerError("no grid points to select from", "give each list under `grid` at least one value")
    best = min(points, key=lambda summary: float(summary["dev_loss"]))
    write_json(output, {"selected": best["name"], "points": points})


def _summary(folder: str, path: str | os.PathLike[str]) -> dict[str, float | str]:
    value = read_json(path)
    try:
        return {
            "name": point_name(value["point"]),
            "folder": folder,
            **value["point"],
            **{key: value[key] for key in ("best_epoch", "dev_loss", "dev_f1", "epochs")},
        }
    except (KeyError, TypeError) as error:
        raise MarknerError(f"{path}: not the dev.json of a grid point: {error!r}", "train the point again") from error
