# What Snakemake's own report says beside results: captions in workflow/report, and on how many sentences they rest.
import csv


report: "../report/study.rst"


def told_sentences(path):
    """Test sentences behind a result, read from its CSV when the report is made; `940 to 5000` where corpora differ."""
    with open(path, encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        found = sorted({int(row["sentences"]) for row in rows if row["sentences"]})
    return " to ".join(map(str, dict.fromkeys([found[0], found[-1]]))) if found else "0"


def table_labels(wildcards):
    told = told_sentences(f"{RESULTS}/tables/{wildcards.table}.csv")
    return {"table": wildcards.table, "sentences": told}


def figure_labels(wildcards):
    return {"figure": wildcards.figure, "sentences": told_sentences(figure_table(wildcards))}


def error_figure_labels(wildcards):
    table = STUDY.error_figures[wildcards.error_figure].table
    told = told_sentences(f"{RESULTS}/tables/{table}.csv")
    return {"figure": wildcards.error_figure, "sentences": told}


def significance_labels(wildcards):
    family, corpus = wildcards.family, wildcards.corpus
    told = told_sentences(f"{RESULTS}/significance/{family}{corpus}.csv")
    return {"runs": family[:-1] or "all", "corpus": corpus, "sentences": told}
