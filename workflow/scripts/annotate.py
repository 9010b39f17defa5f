"""Tag texts with trained runs."""

import sys
from pathlib import Path

from markner.annotate.params import AnnotateParams
from markner.annotate.pipeline import AnnotationJob, annotate
from markner.data.formats.document_files import file_in
from markner.models.device import require_device
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params = AnnotateParams.load(snakemake.params)
    annotation = AnnotationJob(
        params.files,
        params.format,
        params.taggers,
        Path(snakemake.output[0]).parent.parent,
        file_in(Path(snakemake.output[0]), params.output),
        params.output,
        Path(snakemake.params.journal),
        params.min_confidence,
    )
    print(annotate(annotation), file=sys.stderr)
