"""Take the predictions of an encoder's chosen grid point."""

from pathlib import Path

from markner.files import read_json, write_text
from runrecord.job import job

with job(snakemake):
    selected = read_json(snakemake.input.selection)["selected"]
    chosen = Path(snakemake.input.grid, f"{selected}.jsonl")
    write_text(snakemake.output[0], chosen.read_text(encoding="utf-8"))
