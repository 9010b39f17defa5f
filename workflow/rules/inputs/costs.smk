# Input functions of the rules in ../costs.smk.
def training_costs(wildcards):
    return [f"{RESULTS}/costs/{run}/seed{seed}.json" for run, seed in with_seeds(TUNED)]
