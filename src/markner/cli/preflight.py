"""`markner preflight`: check a study before anything is submitted."""

import argparse
import math
from pathlib import Path

HELP = "list the jobs, resources and missing parts of a study before anything is submitted"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner preflight`."""
    parser.add_argument("--configfile", type=Path, required=True, help="study file")
    parser.add_argument(
        "--profile", type=Path, default=Path("profiles/slurm/config.yaml"), help="profile of Snakemake for the cluster"
    )
    parser.add_argument("--no-cluster", action="store_true", help="the study runs on this machine, without a cluster")
    parser.add_argument("--gpu-memory", type=_positive, default=80, metavar="GB", help="memory of a GPU (default: 80)")
    parser.add_argument("--abstracts", type=int, metavar="N", help="reckon the annotation of this many abstracts")
    parser.add_argument("--gpu-dollars", type=float, metavar="D", help="price of a GPU-hour, for --abstracts")
    parser.epilog = "exit codes: 0 no problem, 1 problems, 64 an error"


def _positive(text: str) -> float:
    """Return the number of an argument above 0."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be above 0")
    return value


def run(options: argparse.Namespace) -> int:
    """Print the report. Return 1 if it contains a problem."""
    from markner.preflight.report import preflight
    from markner.study.loading import load_study_file

    study = load_study_file(options.configfile)
    profile = None if options.no_cluster else options.profile
    report = preflight(study, profile, options.gpu_memory, options.abstracts, options.gpu_dollars)
    print(report.text())
    return 1 if report.problems else 0
