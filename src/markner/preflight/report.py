"""What a study will run and ask for, said before anything is submitted; and what would fail hours later."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markner.data.fetching.registry import local_files
from markner.errors import MarknerError
from markner.preflight.chat_cost import chat_cost
from markner.preflight.cluster import account_needed, misfits, partitions
from markner.preflight.gpu_memory import memory_lines
from markner.preflight.requests import read_profile, requests
from markner.study.grid import grid_points
from markner.study.queries import hardware_of, training_processes
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun, HubModel, PackageModel

_GPU_GB = 80.0


@dataclass
class Report:
    """What was found: lines to read, and problems with their fixes."""

    lines: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """All of it, as it is printed."""
        numbered = [f"{number}. {what}\n   fix: {fix}" for number, (what, fix) in enumerate(self.problems, start=1)]
        end = [f"{len(numbered)} problems", *numbered] if numbered else ["Nothing stands in the way."]
        return "\n".join([*self.lines, "", *end])


def preflight(study: Study, profile: Path | None, gpu_gb: float = _GPU_GB) -> Report:
    """Look through a study without running anything of it.

    Args:
        study: The study.
        profile: Profile of Snakemake with the requests of rules; None for a run on this machine.
        gpu_gb: Memory of a GPU in 10^9 bytes.

    Raises:
        MarknerError: The profile cannot be read.
    """
    report = Report()
    settings = read_profile(profile)
    _jobs(study, report)
    _corpora(study, report)
    _weights(study, report)
    _memory(study, report, gpu_gb)
    _disk(study, report)
    _chat(study, report)
    if profile is not None:
        _cluster(study, settings, report)
    return report


def _live(study: Study, kind: type[Any]) -> dict[str, Any]:
    return {name: run for name, run in study.live_runs().items() if isinstance(run, kind)}


def _jobs(study: Study, report: Report) -> None:
    """Jobs by kind, and the most hours on GPUs that their time limits allow."""
    generative, encoders, chats = (_live(study, kind) for kind in (GenerativeRun, EncoderRun, ChatRun))
    tuned = {name: run for name, run in generative.items() if run.mixture}
    rows = [
        ("trainings", sum(len(run.seeds) for run in tuned.values()), _hours(study, tuned, "train")),
        (
            "predictions",
            sum(len(run.seeds) * len(run.evaluate) for run in generative.values()),
            _hours(study, generative, "predict"),
        ),
        ("encoder trainings", sum(len(run.seeds) * len(grid_points(run.grid)) for run in encoders.values()), None),
        ("chat runs on a corpus", sum(len(run.seeds) * len(run.evaluate) for run in chats.values()), None),
    ]
    report.lines.append("Jobs")
    for kind, number, hours in rows:
        limit = f"   at most {hours:g} GPU-hours by their time limits" if hours else ""
        report.lines.append(f"  {number:5d} {kind}{limit}")


def _hours(study: Study, runs: Mapping[str, GenerativeRun], kind: str) -> float:
    total = 0.0
    for name, run in runs.items():
        hardware = hardware_of(study, name)
        if hardware.device == "cpu":
            continue
        if kind == "train":
            total += len(run.seeds) * training_processes(study, name) * hardware.train_hours
        else:
            total += len(run.seeds) * len(run.evaluate) * hardware.predict_hours
    return total


def _corpora(study: Study, report: Report) -> None:
    """Which corpora are here, and which have to be fetched; files of answers that are not there."""
    report.lines.append("Corpora")
    for name, corpus in study.corpora.items():
        missing = [path for path in local_files(corpus) if not Path(path).is_file()]
        fetched = Path("results", study.study, "corpora", name, "native").is_dir()
        state = "fetched" if fetched else "files of yours" if local_files(corpus) else "to be fetched"
        report.lines.append(f"  {name}: {state}")
        report.problems += [(f"corpora.{name}: {path} is not there", "correct the path") for path in missing]
    for name, run in _live(study, PredictionsRun).items():
        gone = [run.files[corpus] for corpus in run.evaluate if not Path(run.files[corpus]).exists()]
        report.problems += [(f"runs.{name}: {path} is not there", "correct the path in `files`") for path in gone]


def _weights(study: Study, report: Report) -> None:
    """Which weights are here, and the licences of those that are not."""
    from markner.models.hub import require_access

    report.lines.append("Weights")
    for name, model in study.models.items():
        if isinstance(model, ApiModel):
            continue
        if _folder(study, name) is not None:
            report.lines.append(f"  {name}: here")
            continue
        if isinstance(model, HubModel):
            report.lines.append(f"  {name}: to be fetched from the hub{_licence(model)}")
            try:
                require_access([model])
            except MarknerError as error:
                report.problems.append((f"models.{name}: {error.message}", error.fix or "see the model's page"))
        elif isinstance(model, PackageModel):
            report.lines.append(f"  {name}: in the package {model.package}")
        elif not Path(model.path).is_dir():
            report.problems.append((f"models.{name}: {model.path} is not a folder", "correct `path`"))


def _licence(model: HubModel) -> str:
    return f"; to accept: {model.licence}" if model.licence else ""


def _folder(study: Study, model: str) -> Path | None:
    """Folder with the weights of a model, None if they are not here yet."""
    made = Path("results", study.study, "weights", model)
    return made if (made / "config.json").is_file() else None


def _memory(study: Study, report: Report, gpu_gb: float) -> None:
    """Compare the memory of trainings and predictions with that of a GPU."""
    report.lines.append(f"Memory on each GPU of {gpu_gb:g} GB")
    for line, problem in memory_lines(study, gpu_gb):
        report.lines.append(line)
        report.problems += [problem] if problem else []


def _disk(study: Study, report: Report) -> None:
    """What weights, models and one state of each training take: 4 bytes a parameter, and 12."""
    sizes = {name: model.hardware.billions for name, model in study.models.items() if not isinstance(model, ApiModel)}
    tuned = [run for run in _live(study, GenerativeRun).values() if run.mixture]
    known = sum(4 * (size or 0) for size in sizes.values())
    known += sum(len(run.seeds) * (4 + 12) * (sizes[run.model] or 0) for run in tuned)
    free = shutil.disk_usage(".").free / 1e9
    report.lines.append(f"Disk\n  about {known:.0f} GB for models of known size, {free:.0f} GB are free here")
    if known > free:
        report.problems.append(
            (f"{known:.0f} GB are needed, {free:.0f} GB are free", "link results/ to a larger file system")
        )


def _chat(study: Study, report: Report) -> None:
    """What chat runs may spend, and the keys that they need."""
    for name, run in _live(study, ChatRun).items():
        model = study.models[run.model]
        if not isinstance(model, ApiModel) or model.weights:
            continue
        budget = f"at most {run.budget_dollars:g} dollars" if run.budget_dollars else "no limit in dollars is set"
        report.lines.append(f"Chat run {name}: {chat_cost(study, run, model)}; {budget}")
        if model.key_env and not os.environ.get(model.key_env):
            report.problems.append((f"runs.{name}: {model.key_env} is not set", f"export {model.key_env}=..."))


def _cluster(study: Study, profile: Mapping[str, Any], report: Report) -> None:
    """Whether what jobs ask for can ever be had."""
    found = partitions()
    if found is None:
        report.lines.append("Cluster\n  no SLURM on this machine: partitions and limits are not checked")
        return
    report.lines.append("Cluster")
    report.lines += [
        f"  {name}: {part.nodes} nodes, {part.gpus} GPUs a node, {part.memory_mb} MB, "
        + (f"{part.minutes} minutes" if part.minutes else "no time limit")
        for name, part in sorted(found.items())
        if name
    ]
    default = profile.get("default-resources") or {}
    if account_needed() and not default.get("slurm_account"):
        report.problems.append(
            ("this cluster wants an account, and the profile names none", "set slurm_account in the profile")
        )
    report.problems += dict.fromkeys(misfits(requests(study, profile), found))
