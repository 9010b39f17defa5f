# What Snakemake's own report says beside results: captions in workflow/report, and on how many sentences they rest.
import csv


report: "../report/study.rst"


def sentence_count(path):
    """Test sentences behind a result, read from its CSV when the report is made; `940 to 5000` where corpora differ."""
    with open(path, encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        counts = sorted({int(row["sentences"]) for row in rows if row["sentences"]})
    return " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]]))) if counts else "0"


def table_labels(wildcards):
    sentences = sentence_count(f"{RESULTS}/tables/{wildcards.table}.csv")
    return {"table": wildcards.table, "sentences": sentences}


def figure_labels(wildcards):
    return {"figure": wildcards.figure, "sentences": sentence_count(figure_table(wildcards))}


def error_figure_labels(wildcards):
    table = STUDY.error_figures[wildcards.error_figure].table
    sentences = sentence_count(f"{RESULTS}/tables/{table}.csv")
    return {"figure": wildcards.error_figure, "sentences": sentences}


def strata_table_labels(wildcards):
    path = f"{RESULTS}/tables/{wildcards.strata_table}.csv"
    return {"table": wildcards.strata_table, "sentences": sentence_count(path)}


def calibration_labels(wildcards):
    settings = STUDY.calibrations[wildcards.calibration]
    with open(sentences_of(settings.corpus, "test"), encoding="utf-8") as stream:
        return {"figure": wildcards.calibration, "sentences": str(sum(1 for _ in stream))}


def suspect_labels(wildcards):
    return {"list": wildcards.suspects, "corpus": STUDY.suspects[wildcards.suspects].corpus}


def strata_figure_labels(wildcards):
    table = STUDY.strata_figures[wildcards.strata_figure].strata_table
    sentences = sentence_count(f"{RESULTS}/tables/{table}.csv")
    return {"figure": wildcards.strata_figure, "sentences": sentences}


def significance_labels(wildcards):
    return comparison_labels("significance", wildcards)


def strata_labels(wildcards):
    return comparison_labels("strata", wildcards)


def comparison_labels(folder, wildcards):
    family, corpus = wildcards.family, wildcards.corpus
    sentences = sentence_count(f"{RESULTS}/{folder}/{family}{corpus}.csv")
    return {"runs": family[:-1] or "all", "corpus": corpus, "sentences": sentences}
