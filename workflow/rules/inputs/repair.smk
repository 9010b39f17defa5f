# Input functions of the rules in ../repair.smk.
def unrepaired_predictions(wildcards):
    run = STUDY.runs[wildcards.run].of
    return f"{RESULTS}/predictions/{run}/seed{wildcards.seed}/{wildcards.corpus}.jsonl"


def native_texts(wildcards):
    """Native files of a corpus whose sentences do not name their documents; nothing for other corpora."""
    there = queries.native_texts(STUDY, wildcards.corpus) is not None
    return f"{RESULTS}/corpora/{wildcards.corpus}/native" if there else []


def gazetteer_file(wildcards):
    return STUDY.runs[wildcards.run].gazetteer or []
