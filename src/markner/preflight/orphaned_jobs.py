"""Jobs that a killed Snakemake left to SLURM: a new one does not know them and would start them a second time."""

import re
from pathlib import Path

from markner.errors import MarknerError
from markner.preflight.cluster import slurm_output
from markner.study.wording import counted

# The executor names each job by the run's UUID, behind the profile's `slurm-jobname-prefix`, and says in the comment
# which rule it is for.
_RUN = re.compile(r"([\w-]+_)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORMAT = "%i|%j|%T|%k|%Z"


def check_orphaned_jobs(folder: Path) -> None:
    """Check that no job of an earlier run in this folder is waiting or running, before the first job is submitted.

    Raises:
        MarknerError: There are such jobs; it names them and the command that ends them.
    """
    # More than one lock: another Snakemake is alive here, at other files, and the jobs may be its own.
    locks = list((folder / ".snakemake" / "locks").glob("*.output.lock"))
    if len(locks) > 1:
        return
    runs = orphaned_jobs(slurm_output("squeue", "-h", "--me", "-o", _FORMAT) or "", folder)
    if runs:
        jobs = [job for of_run in runs.values() for job in of_run]
        names = ",".join(runs)
        raise MarknerError(
            f"an earlier Snakemake left {counted(len(jobs), 'job')} in this folder, "
            "which would now be started a second time: " + ", ".join(jobs[:10]),
            f"let them end first (squeue --name={names}), or end them: scancel --name={names}",
        )


def orphaned_jobs(text: str, folder: Path) -> dict[str, list[str]]:
    """Return the jobs of the Snakemake runs that were started in a folder, by run: id, state and rule of each.

    `text` is the output of `squeue -o "%i|%j|%T|%k|%Z"`.
    """
    runs: dict[str, list[str]] = {}
    for line in text.splitlines():
        job, run, state, rule, place = line.strip().split("|", 4)
        if _RUN.fullmatch(run) and rule.startswith("rule_") and Path(place).resolve() == folder.resolve():
            runs.setdefault(run, []).append(f"{job} ({state.lower()}, {rule.removeprefix('rule_')})")
    return runs
