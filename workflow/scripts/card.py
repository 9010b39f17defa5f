"""Write the dataset card of the study."""

from pathlib import Path

from markner.data.dataset_card import write_card
from markner.study.schema.corpora import Corpus
from runrecord.job import job

with job(snakemake):
    results = Path(snakemake.output.csv).parent
    write_card(
        results.name,
        {name: Corpus.model_validate(corpus) for name, corpus in snakemake.params.settings.items()},
        results / "corpora",
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )
