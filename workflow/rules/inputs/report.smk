# Input functions of the rules in ../report.smk.
def report_results(wildcards):
    """What the report shows: tables, figures, the dataset card, tests, and sentences with their answers."""
    answers = [
        f"{RESULTS}/predictions/{name}/seed{run.seeds[0]}/{corpus}.jsonl"
        for name, run in RUNS.items()
        for corpus in run.evaluate
    ]
    corpora = dict.fromkeys(corpus for run in RUNS.values() for corpus in run.evaluate)
    return [
        *(file for file in targets_of("tables") if file.endswith(".csv")),
        *(file for file in targets_of("figures") if file.endswith(".svg")),
        f"{RESULTS}/corpora.csv",
        *(f"{RESULTS}/significance/{corpus}.csv" for corpus in corpora),
        *(file for table in STUDY.tables for file in tests_of_table(table)),
        *(
            f"{RESULTS}/usage/{run}/seed{seed}/{corpus}.json"
            for run, seed in with_seeds(CHAT)
            for corpus in RUNS[run].evaluate
        ),
        *(sentences_of(corpus, "test") for corpus in corpora),
        *answers,
    ]


def lineage_results(wildcards):
    """Results of all parts but annotations, which may take longer than the study itself."""
    parts = ("tables", "figures", "analyses", "corpora", "instructions", "released")
    files = [*(file for part in parts for file in targets_of(part)), *report_results(wildcards)]
    return list(dict.fromkeys(files))


def report_trainings(wildcards):
    """Files with the curves of the trainings."""
    return [
        *(f"{RESULTS}/history/{run}/seed{seed}.json" for run, seed in with_seeds(TUNED)),
        *(
            f"{RESULTS}/models/{run}/seed{seed}/selection.json"
            for run, seed in with_seeds(ENCODERS)
        ),
    ]
