# Input functions of the rules in ../analyses.smk.
def compared_predictions(wildcards):
    return [
        f"{RESULTS}/predictions/{run}/seed{seed}/{wildcards.corpus}.jsonl"
        for run in queries.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
        for seed in STUDY.runs[run].seeds
    ]


def training_data(wildcards):
    """Training data behind seen mentions, a file for each run that has some; runs may share one."""
    runs = queries.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
    sources = [queries.training_source(STUDY, run, wildcards.corpus) for run in runs]
    return [
        (
            f"{RESULTS}/instructions/{source.instructions}.json"
            if source.instructions
            else sentences_of(source.corpus, "train")
        )
        for source in sources
        if source
    ]


def judged_errors(wildcards):
    return queries.adjudicated(STUDY, wildcards.run, int(wildcards.seed), wildcards.corpus) or []
