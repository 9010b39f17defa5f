"""Repair the predictions of a run."""

from pathlib import Path

from markner.data.params import RepairParams
from markner.data.repair.repair import repair_predictions
from runrecord.job import job

with job(snakemake):
    files = snakemake.input
    repair_predictions(
        Path(files.sentences),
        Path(files.predictions),
        Path(native) if (native := files.get("native")) else None,
        Path(gazetteer) if (gazetteer := files.get("gazetteer")) else None,
        RepairParams.load(snakemake.params),
        Path(snakemake.output.predictions),
    )
