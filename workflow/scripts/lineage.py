"""Audit results and list their lineages, each file once."""

from pathlib import Path

from markner.files import write_json
from runrecord.job import job
from runrecord.lineage import lineage_facts

with job(snakemake):
    write_json(Path(snakemake.output[0]), lineage_facts(snakemake.input, Path.cwd()))
