"""Report what a study will run and ask for before anything is submitted, and what would fail hours later."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markner.data.fetching.registry import local_files
from markner.errors import MarknerError
from markner.preflight.chat_cost import chat_cost
from markner.preflight.cluster import Request, account_needed, misfits, partitions
from markner.preflight.gpu_memory import fetched_weights, memory_lines
from markner.preflight.requests import profile_of, requests
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.study import Study
from markner.study.schema.systems import GenerativeRun, HubModel, PackageModel

_GPU_GB = 80.0


@dataclass
class Report:
    """Lines to read, and problems with their fixes."""

    lines: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """Return the report as it is printed."""
        numbered = [f"{number}. {what}\n   fix: {fix}" for number, (what, fix) in enumerate(self.problems, start=1)]
        end = [f"{len(numbered)} problems", *numbered] if numbered else ["Nothing stands in the way."]
        return "\n".join([*self.lines, "", *end])


def preflight(study: Study, profile: Path | None, gpu_gb: float = _GPU_GB) -> Report:
    """Check a study without running anything of it.

    Args:
        study: The study.
        profile: Profile of Snakemake with the requests of rules; None for a run on this machine.
        gpu_gb: Memory of a GPU in 10^9 bytes.

    Raises:
        MarknerError: The profile cannot be read.
    """
    report = Report()
    settings = profile_of(profile) if profile else {}
    requested = list(requests(study, settings))
    _jobs(requested, report)
    _corpora(study, report)
    _weights(study, report)
    _memory(study, report, gpu_gb)
    _disk(study, report)
    _chat(study, report)
    if profile is not None:
        _cluster(requested, settings, report)
    return report


def _live(study: Study, kind: type[Any]) -> dict[str, Any]:
    return {name: run for name, run in study.live_runs().items() if isinstance(run, kind)}


def _jobs(requested: Sequence[Request], report: Report) -> None:
    """Count the jobs that take long by rule, with the most GPU-hours that their time limits allow."""
    report.lines.append("Jobs")
    for rule in dict.fromkeys(request.rule for request in requested):
        jobs = [request for request in requested if request.rule == rule]
        hours = sum(each.jobs * each.nodes * each.gpus * each.minutes for each in jobs) / 60
        limit = f"   at most {hours:g} GPU-hours by their time limits" if hours else ""
        report.lines.append(f"  {sum(each.jobs for each in jobs):5d} {rule}{limit}")


def _corpora(study: Study, report: Report) -> None:
    """List which corpora are here and which have to be fetched, and check that prediction files are there."""
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
    for name, run in _live(study, RepairedRun).items():
        if run.gazetteer and not Path(run.gazetteer).is_file():
            report.problems.append((f"runs.{name}: {run.gazetteer} is not there", "correct `gazetteer`"))


def _weights(study: Study, report: Report) -> None:
    """List which weights are here, and the licences of the others."""
    from markner.models.hub import require_access

    report.lines.append("Weights")
    for name, model in study.models.items():
        if isinstance(model, ApiModel):
            continue
        if fetched_weights(study, name) is not None:
            report.lines.append(f"  {name}: here")
            continue
        if isinstance(model, HubModel):
            licence = f"; to accept: {model.licence}" if model.licence else ""
            report.lines.append(f"  {name}: to be fetched from the hub{licence}")
            try:
                require_access([model])
            except MarknerError as error:
                report.problems.append((f"models.{name}: {error.message}", error.fix or "see the model's page"))
        elif isinstance(model, PackageModel):
            report.lines.append(f"  {name}: in the package {model.package}")
        elif not Path(model.path).is_dir():
            report.problems.append((f"models.{name}: {model.path} is not a folder", "correct `path`"))


def _memory(study: Study, report: Report, gpu_gb: float) -> None:
    """Compare the memory of trainings and predictions with that of a GPU."""
    report.lines.append(f"Memory on each GPU of {gpu_gb:g} GB")
    for line, problem in memory_lines(study, gpu_gb):
        report.lines.append(line)
        report.problems += [problem] if problem else []


def _disk(study: Study, report: Report) -> None:
    """Compare the free disk with weights, models and one state of each training: 4 bytes a parameter, and 12."""
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
    """List what chat runs may spend, and check the keys that they need."""
    from markner.models.chat.client import require_keys

    asked = {}
    for name, run in _live(study, ChatRun).items():
        model = study.models[run.model]
        if not isinstance(model, ApiModel) or model.weights:
            continue
        budget = f"at most {run.budget_dollars:g} dollars" if run.budget_dollars else "no limit in dollars is set"
        report.lines.append(f"Chat run {name}: {chat_cost(study, run, model)}; {budget}")
        asked[name] = model
    try:
        require_keys(asked)
    except MarknerError as error:
        report.problems.append((error.message, error.fix))


def _cluster(requested: Sequence[Request], profile: Mapping[str, Any], report: Report) -> None:
    """Check that the cluster has what the jobs ask for."""
    known = partitions()
    if known is None:
        report.lines.append("Cluster\n  no SLURM on this machine: partitions and limits are not checked")
        return
    report.lines.append("Cluster")
    report.lines += [
        f"  {name}: {part.nodes} nodes, {part.gpus} GPUs a node, {part.memory_mb} MB, "
        + (f"{part.minutes} minutes" if part.minutes else "no time limit")
        for name, part in sorted(known.items())
        if name
    ]
    default = profile.get("default-resources") or {}
    if account_needed() and not default.get("slurm_account"):
        report.problems.append(
            ("this cluster wants an account, and the profile names none", "set slurm_account in the profile")
        )
    report.problems += dict.fromkeys(misfits(requested, known))
