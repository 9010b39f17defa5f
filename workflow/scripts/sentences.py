"""Turn one split of a corpus into sentences with character spans."""

from pathlib import Path

from markner.data.params import SentencesParams
from markner.data.splits import build_split
from runrecord.job import job

with job(snakemake):
    params = SentencesParams.load(snakemake.params)
    build_split(
        snakemake.wildcards.corpus,
        params.corpus,
        params.sample,
        snakemake.wildcards.variant,
        snakemake.wildcards.split,
        Path(snakemake.input.native),
        Path(snakemake.output.sentences),
    )
