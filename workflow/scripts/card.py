"""Write the dataset card of the study."""

from pathlib import Path

from markner.data.dataset_card import write_card
from markner.data.params import DatasetCardParams
from runrecord.job import job

with job(snakemake):
    results = Path(snakemake.output.csv).parent
    write_card(
        results.name,
        DatasetCardParams.load(snakemake.params).corpora,
        results / "corpora",
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )
