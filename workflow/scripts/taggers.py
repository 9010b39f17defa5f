"""Write how each trained run tags texts."""

from pathlib import Path

from markner.annotate.params import TaggersParams
from markner.files import write_json
from runrecord.job import job

with job(snakemake):
    params = TaggersParams.load(snakemake.params)
    write_json(Path(snakemake.output[0]), [tagger.model_dump() for tagger in params.taggers])
