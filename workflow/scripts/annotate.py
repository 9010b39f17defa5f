"""Tag texts with trained runs."""

import sys
from pathlib import Path

from markner.annotate.pipeline import AnnotationJob, annotate
from markner.data.formats.document_files import file_in
from markner.models.device import require_device
from markner.study.schema.annotations import Tagger
from runrecord.job import job

with job(snakemake):
    require_device("any")
    settings = snakemake.params.settings
    job_settings = AnnotationJob(
        settings["files"],
        settings["format"],
        [Tagger.model_validate(tagger) for tagger in settings["taggers"]],
        Path(snakemake.output[0]).parent.parent,
        file_in(Path(snakemake.output[0]), settings["output"]),
        settings["output"],
        Path(snakemake.params.journal),
    )
    print(annotate(job_settings), file=sys.stderr)
