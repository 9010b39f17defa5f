"""Turn one split of a corpus into sentences with character spans."""

from pathlib import Path

from markner.config.corpora import Corpus
from markner.corpora.build import build_split
from markner.provenance.job import job

with job(snakemake):
    build_split(
        snakemake.wildcards.corpus,
        Corpus.model_validate(snakemake.params.settings),
        snakemake.wildcards.route,
        snakemake.wildcards.split,
        Path(snakemake.input.raw),
        Path(snakemake.output.sentences),
    )
