"""Turn one split of a corpus into sentences with character spans."""

from pathlib import Path

from markner.data.splits import build_split
from markner.study.schema.corpora import Corpus
from runrecord.job import job

with job(snakemake):
    build_split(
        snakemake.wildcards.corpus,
        Corpus.model_validate(snakemake.params.settings),
        snakemake.wildcards.variant,
        snakemake.wildcards.split,
        Path(snakemake.input.native),
        Path(snakemake.output.sentences),
    )
