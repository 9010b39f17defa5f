# Input functions of the rules in ../predict.smk.
def run_model(wildcards):
    owner = STUDY.owner(wildcards.run)
    if STUDY.runs[owner].mixture:
        return f"{RESULTS}/models/{owner}/seed{wildcards.seed}"
    return run_weights(wildcards)


def answer_file(wildcards):
    """The file of another system's answers."""
    return STUDY.runs[wildcards.run].files[wildcards.corpus]
