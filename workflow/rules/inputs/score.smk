# Input functions of the rules in ../score.smk.
def answer_counts(wildcards):
    """How the answers of another system matched the sentences; nothing for other runs."""
    if wildcards.run not in IMPORTED:
        return []
    return (
        f"{RESULTS}/predictions/{wildcards.run}/seed{wildcards.seed}/{wildcards.corpus}.counts.json"
    )
