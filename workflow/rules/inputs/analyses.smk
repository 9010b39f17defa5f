# Input functions of the rules in ../analyses.smk.
def compared_predictions(wildcards):
    return [
        f"{RESULTS}/predictions/{run}/seed{seed}/{wildcards.corpus}.jsonl"
        for run in queries.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
        for seed in STUDY.runs[run].seeds
    ]


def judged_errors(wildcards):
    return queries.adjudicated(STUDY, wildcards.run, int(wildcards.seed), wildcards.corpus) or []
