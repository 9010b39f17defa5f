"""`markner preflight`: what a study will run, ask for and lack, before anything is submitted."""

import argparse
from pathlib import Path

HELP = "say before anything is submitted what a study will run, ask for and lack"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `markner preflight` takes."""
    parser.add_argument("--configfile", type=Path, required=True, help="study file")
    parser.add_argument(
        "--profile", type=Path, default=Path("profiles/slurm/config.yaml"), help="profile of Snakemake for the cluster"
    )
    parser.add_argument("--no-cluster", action="store_true", help="the study is to run on this machine")
    parser.add_argument("--gpu-memory", type=float, default=80, metavar="GB", help="memory of a GPU (default: 80)")
    parser.epilog = "exit codes: 0 nothing stands in the way, 1 something does, 64 an error"


def run(arguments: argparse.Namespace) -> int:
    """Print the report. Returns 1 if it holds a problem."""
    from markner.preflight.report import preflight
    from markner.study.loading import load_study_file

    study = load_study_file(arguments.configfile)
    report = preflight(study, None if arguments.no_cluster else arguments.profile, arguments.gpu_memory)
    print(report.text())
    return 1 if report.problems else 0
