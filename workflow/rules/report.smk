# The page that holds it all, from the question to the bytes behind each number.
from markner.reporting.params import ReportParams


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
        *(
            f"{RESULTS}/usage/{run}/seed{seed}/{corpus}.json"
            for run in CHAT
            for seed in RUNS[run].seeds
            for corpus in RUNS[run].evaluate
        ),
        *(sentences_of(corpus, "test") for corpus in corpora),
        *answers,
    ]


rule report:
    input:
        results=report_results,
        templates=TEMPLATES,
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings(ReportParams),
    script:
        "../scripts/report.py"
