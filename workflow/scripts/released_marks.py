"""Write the sentences of a split as the paper's authors marked them."""

from markner.data.author_marks import write_author_release
from markner.data.documents import read_sentences
from runrecord.job import job

with job(snakemake):
    write_author_release(read_sentences(snakemake.input.sentences), snakemake.output[0])
