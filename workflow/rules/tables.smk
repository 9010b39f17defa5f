# Results tables: systems by corpora, the paper's figure beside each cell.
from markner.reporting.params import StrataTableParams, TableParams


include: "inputs/tables.smk"


rule table:
    """Put scores into a results table, beside the paper's values."""
    input:
        scores=table_scores,
        significance=table_significance,
        paper=PAPER,
    output:
        csv=report(
            f"{RESULTS}/tables/{{table}}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels=table_labels,
        ),
        markdown=f"{RESULTS}/tables/{{table}}.md",
        latex=f"{RESULTS}/tables/{{table}}.tex",
    log:
        f"{LOGS}/table/{{table}}.log",
    benchmark:
        f"{BENCHMARKS}/table/{{table}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(TableParams),
    script:
        "../scripts/table.py"


rule strata_table:
    """Put the scores of a table's systems by stratum into a table."""
    input:
        scores=strata_scores,
        tests=strata_tests,
        paper=PAPER,
    output:
        csv=report(
            f"{RESULTS}/tables/{{strata_table}}.csv",
            caption="../report/strata_table.rst",
            category="Tables",
            labels=strata_table_labels,
        ),
        markdown=f"{RESULTS}/tables/{{strata_table}}.md",
        latex=f"{RESULTS}/tables/{{strata_table}}.tex",
    log:
        f"{LOGS}/strata_table/{{strata_table}}.log",
    benchmark:
        f"{BENCHMARKS}/strata_table/{{strata_table}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(StrataTableParams),
    script:
        "../scripts/strata_table.py"
