# Input functions of the rules in ../predict.smk.
def run_model(wildcards):
    owner = STUDY.owner(wildcards.run)
    if STUDY.runs[owner].mixture:
        return f"{RESULTS}/models/{owner}/seed{wildcards.seed}"
    return run_weights(wildcards)
