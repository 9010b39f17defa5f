"""Write the corpus card of the study."""

from pathlib import Path

from markner.config.corpora import Corpus
from markner.corpora.card import write_card
from markner.provenance.job import job

with job(snakemake):
    folder = Path(snakemake.params.folder)
    write_card(
        folder.parent.name,
        {name: Corpus.model_validate(corpus) for name, corpus in snakemake.params.settings.items()},
        folder,
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )
