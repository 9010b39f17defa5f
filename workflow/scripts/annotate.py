"""Tag texts with trained runs."""

import sys
from pathlib import Path

from markner.annotating.formats import file_in
from markner.annotating.pipeline import annotate
from markner.config.annotations import Tagger
from markner.provenance.job import job

with job(snakemake):
    settings = snakemake.params.settings
    told = annotate(
        settings["files"],
        settings["format"],
        [Tagger.model_validate(tagger) for tagger in settings["taggers"]],
        Path(snakemake.output[0]).parent.parent,
        file_in(Path(snakemake.output[0]), settings["output"]),
        settings["output"],
        Path(snakemake.params.journal),
    )
    print(told, file=sys.stderr)
