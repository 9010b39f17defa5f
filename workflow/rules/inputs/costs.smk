# Input functions of the rules in ../costs.smk.
def training_costs(wildcards):
    return [
        f"{RESULTS}/costs/{run}/seed{seed}.json" for run in TUNED for seed in STUDY.runs[run].seeds
    ]
