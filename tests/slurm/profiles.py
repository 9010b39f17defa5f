"""The profiles of a checkout: Snakemake reads the default one beside that of SLURM."""

from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT


def write_profiles(folder: Path, slurm: dict[str, Any]) -> None:
    """Write an adapted profile for SLURM, linked to `slurm` at the top, beside the project's default one."""
    (folder / "profiles/slurm").mkdir(parents=True)
    (folder / "profiles/default").symlink_to(ROOT / "profiles/default")
    (folder / "profiles/slurm/config.yaml").write_text(yaml.safe_dump(slurm), encoding="utf-8")
    (folder / "slurm").symlink_to("profiles/slurm")
