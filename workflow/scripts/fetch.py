"""Fetch the files of a corpus, each checked by its hash."""

import os
from pathlib import Path

from markner.data.fetching.fetch import fetch_corpus
from markner.data.params import FetchParams
from runrecord.job import job

with job(snakemake):
    mirror = os.environ.get("MARKNER_MIRROR")
    fetch_corpus(
        FetchParams.load(snakemake.params).corpus,
        Path(snakemake.output[0]),
        Path(mirror) if mirror else None,
    )
