"""Report the jobs and requests of a study before anything is submitted, and problems that would stop it later."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markner.data.fetching.registry import local_files
from markner.errors import MarknerError
from markner.preflight.annotation_hours import annotation_lines
from markner.preflight.chat_cost import chat_cost
from markner.preflight.cluster import Request, account_needed, misfits, partitions, partitions_that_cancel
from markner.preflight.disk import disk
from markner.preflight.gpu_memory import fetched_weights, memory_lines
from markner.preflight.profile import profile_of
from markner.preflight.requests import other_requests, requests
from markner.study.paths import results_of
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.study import Study
from markner.study.schema.systems import HubModel, PackageModel
from markner.study.wording import counted


@dataclass
class Report:
    """Lines to read, and problems with their fixes. A problem of several parts of the study is there once."""

    lines: list[str] = field(default_factory=list)
    problems: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """The parts of the study that have a problem, by what is wrong and its fix."""

    def add(self, what: str, fix: str, *parts: str) -> None:
        """Add a problem of some parts of the study."""
        known = self.problems.setdefault((what, fix), [])
        known += [part for part in parts if part not in known]

    def text(self) -> str:
        """Return the report as it is printed."""
        numbered = [
            f"{number}. {', '.join(parts)}{': ' if parts else ''}{what}\n   fix: {fix}"
            for number, ((what, fix), parts) in enumerate(self.problems.items(), start=1)
        ]
        end = [counted(len(numbered), "problem"), *numbered] if numbered else ["Nothing stands in the way."]
        return "\n".join([*self.lines, "", *end])


def preflight(
    study: Study,
    profile: Path | None,
    gpu_gb: float,
    abstracts: int | None = None,
    gpu_dollars: float | None = None,
) -> Report:
    """Check a study without running anything of it.

    Args:
        study: The study.
        profile: Profile of Snakemake with the requests of rules; None for a run on this machine.
        gpu_gb: Memory of a GPU in 10^9 bytes.
        abstracts: Abstracts whose annotation is reckoned.
        gpu_dollars: Price of a GPU-hour, for these.

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
    _disk(study, settings, report)
    _chat(study, report)
    if abstracts is not None:
        report.lines.append(f"Annotation of {abstracts:,} abstracts")
        report.lines += annotation_lines(study, abstracts, gpu_dollars)
    if profile is not None:
        _cluster([*requested, *other_requests(study, settings)], settings, report)
    return report


def _live(study: Study, kind: type[Any]) -> dict[str, Any]:
    return {name: run for name, run in study.live_runs().items() if isinstance(run, kind)}


def _jobs(requested: Sequence[Request], report: Report) -> None:
    """Count the jobs that take long by rule, with their expected GPU-hours and the most by their time limits."""
    report.lines.append("Jobs (expected GPU-hours: on an H100, by the rates of docs/hpc.md)")
    for rule in dict.fromkeys(request.rule for request in requested):
        jobs = [request for request in requested if request.rule == rule]
        hours = sum(each.jobs * each.nodes.number * each.nodes.gpus * each.minutes for each in jobs) / 60
        known = [each.expected_hours for each in jobs if each.expected_hours is not None]
        unknown = f" and {len(jobs) - len(known)} runs of unknown size" if 0 < len(known) < len(jobs) else ""
        expected = f"about {sum(known):.0f} GPU-hours{unknown}, " if known else ""
        limit = f"   {expected}at most {hours:g} GPU-hours by their time limits" if hours else ""
        report.lines.append(f"  {sum(each.jobs for each in jobs):5d} {rule}{limit}")


def _corpora(study: Study, report: Report) -> None:
    """List which corpora are here and which have to be fetched, and check that prediction files are there."""
    report.lines.append("Corpora")
    for name, corpus in study.corpora.items():
        missing = [path for path in local_files(corpus) if not Path(path).exists()]
        fetched = (results_of(study.study) / "corpora" / name / "native").is_dir()
        state = "fetched" if fetched else "files of yours" if local_files(corpus) else "to be fetched"
        report.lines.append(f"  {name}: {state}")
        for path in missing:
            report.add(f"{path} is not there", "correct the path", f"corpora.{name}")
    for name, run in _live(study, PredictionsRun).items():
        gone = [run.files[corpus] for corpus in run.evaluate if not Path(run.files[corpus]).exists()]
        for path in gone:
            report.add(f"{path} is not there", "correct the path in `files`", f"runs.{name}")
    for name, run in _live(study, RepairedRun).items():
        if run.gazetteer and not Path(run.gazetteer).is_file():
            report.add(f"{run.gazetteer} is not there", "correct `gazetteer`", f"runs.{name}")


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
                report.add(error.message, error.fix or "see the model's page", f"models.{name}")
        elif isinstance(model, PackageModel):
            report.lines.append(f"  {name}: in the package {model.package}")
        elif not Path(model.path).is_dir():
            report.add(f"{model.path} is not a folder", "correct `path`", f"models.{name}")


def _memory(study: Study, report: Report, gpu_gb: float) -> None:
    """Compare the memory of trainings and predictions with that of a GPU."""
    report.lines.append(f"Memory on each GPU of {gpu_gb:g} GB")
    for line, problem in memory_lines(study, gpu_gb):
        report.lines.append(line)
        if problem is not None:
            part, what, fix = problem
            report.add(what, fix, part)


def _disk(study: Study, profile: Mapping[str, Any], report: Report) -> None:
    """Compare the free disk with what models of known size take at the most and in the end."""
    limit = profile.get("resources", {}).get("training_gb")
    needed, free = disk(study, limit), _free_gb(results_of(study.study))
    together = f"`training_gb: {limit}` in the profile" if limit else "no limit: all trainings at once"
    report.lines += [
        "Disk for models of known size",
        f"  at most {needed.peak:.0f} GB: {needed.weights:.0f} GB of pretrained weights, {needed.kept:.0f} GB of models"
        f" that stay, {needed.passing:.0f} GB of states and of models that do not stay ({together})",
        f"  in the end {needed.final:.0f} GB; {needed.here:.0f} GB are here already, {free:.0f} GB are free",
        f"  besides, the hub's cache (HF_HOME) takes up to {needed.weights:.0f} GB until you empty it",
    ]
    missing = needed.peak - needed.here
    if missing > free:
        fix = "link results/ to a larger file system, or lower `training_gb` in the profile's `resources`"
        report.add(f"{missing:.0f} GB are needed, {free:.0f} GB are free", fix)


def _free_gb(folder: Path) -> float:
    """Return the free GB of the file system that a folder is on or will be on."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    return shutil.disk_usage(there).free / 1e9


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
        report.add(error.message, error.fix)


def _cluster(requested: Sequence[Request], profile: Mapping[str, Any], report: Report) -> None:
    """Check that the cluster has what the jobs ask for."""
    known = partitions()
    if known is None:
        report.lines.append("Cluster\n  no SLURM on this machine: partitions and limits are not checked")
        return
    report.lines.append("Cluster")
    report.lines += [
        f"  {name}: {part.most.number} nodes, {part.most.gpus} GPUs a node, {part.most.memory_mb} MB, "
        + (f"{part.minutes} minutes" if part.minutes else "no time limit")
        for name, part in sorted(known.items())
        if name
    ]
    if cancelling := partitions_that_cancel():
        report.lines.append(
            f"  {', '.join(cancelling)}: preempted jobs are cancelled, and Snakemake waits for them for ever."
            " Then press Ctrl-C and start again (docs/hpc.md)"
        )
    default = profile.get("default-resources", {})
    if account_needed() and not default.get("slurm_account"):
        report.add("this cluster wants an account, and the profile names none", "set slurm_account in the profile")
    for part, what, fix in misfits(requested, known):
        report.add(what, fix, part)
