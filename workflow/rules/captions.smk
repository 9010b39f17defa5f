# What Snakemake's own report says beside results: captions in workflow/report, and on how many sentences they rest.
import csv


report: "../report/study.rst"


def told_sentences(path):
    """Test sentences behind a result, read from its CSV when the report is made; `940 to 5000` where corpora differ."""
    with open(path, encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        found = sorted({int(row["sentences"]) for row in rows if row["sentences"]})
    return " to ".join(map(str, dict.fromkeys([found[0], found[-1]]))) if found else "0"


def table_told(wildcards):
    return told_sentences(f"{RESULTS}/tables/{wildcards.table}.csv")


def figure_told(wildcards):
    return told_sentences(figure_table(wildcards))


def error_figure_told(wildcards):
    table = STUDY.error_figures[wildcards.error_figure].table
    return told_sentences(f"{RESULTS}/tables/{table}.csv")


def significance_told(wildcards):
    return told_sentences(f"{RESULTS}/significance/{wildcards.family}{wildcards.corpus}.csv")
