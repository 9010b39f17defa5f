"""Choose the examples that a chat run shows: none, or some drawn by the seed."""

from markner.models.chat.few_shot import choose_shots
from markner.models.chat.params import FewShotParams
from runrecord.job import job

with job(snakemake):
    params = FewShotParams.load(snakemake.params)
    choose_shots(
        params,
        params.seed,
        params.corpus,
        snakemake.input.train or None,
        snakemake.input.sentences,
        snakemake.output[0],
    )
