"""Tag a shard of texts with trained runs."""

import sys
from pathlib import Path

from markner.annotate.params import AnnotateParams
from markner.annotate.pipeline import AnnotationJob
from markner.annotate.shards import Shard, annotate_shard
from markner.models.device import require_device
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params, entries = AnnotateParams.load(snakemake.params), Path(snakemake.output.entries)
    annotation = AnnotationJob(
        paths=params.files,
        input_format=params.format,
        taggers=params.taggers,
        results=entries.parents[2],
        output=None,
        output_format="jsonl",
        journal=Path(snakemake.params.journal),
        min_confidence=params.min_confidence,
    )
    shard = Shard.of(snakemake.wildcards.scatteritem)
    print(annotate_shard(annotation, shard, entries, Path(snakemake.output.costs)), file=sys.stderr)
