"""Write the sentences of a split as the paper's authors marked them."""

from markner.corpora.model import read_sentences
from markner.corpora.released import write_released
from markner.provenance.job import job

with job(snakemake):
    write_released(read_sentences(snakemake.input.sentences), snakemake.output[0])
