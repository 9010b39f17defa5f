"""Write a collection of texts with the mentions that its shards have."""

import sys
from pathlib import Path

from markner.annotate.params import GatherParams
from markner.annotate.pipeline import AnnotationJob
from markner.annotate.shards import gather_shards
from markner.data.formats.document_files import file_in
from runrecord.job import job

with job(snakemake):
    params, output = GatherParams.load(snakemake.params), Path(snakemake.output[0])
    annotation = AnnotationJob(
        paths=params.files,
        input_format=params.format,
        taggers=[],
        results=output.parents[1],
        output=file_in(output, params.output),
        output_format=params.output,
        journal=None,
    )
    print(gather_shards(annotation, list(map(Path, snakemake.input.shards))), file=sys.stderr)
