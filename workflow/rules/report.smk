# The page that holds it all, from the question to the bytes behind each number.
from markner.reporting.params import ReportParams
from markner.study.params import NoParams


include: "inputs/report.smk"


rule lineage:
    """Audit the results and list their lineages, for the page and the picture of the workflow."""
    input:
        lineage_results,
    output:
        f"{RESULTS}/lineage.json",
    log:
        f"{LOGS}/lineage.log",
    benchmark:
        f"{BENCHMARKS}/lineage.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings(NoParams),
    script:
        "../scripts/lineage.py"


rule report:
    """Write the page that shows the whole study."""
    input:
        results=report_results,
        trainings=report_trainings,
        lineage=rules.lineage.output,
        workflow=f"{RESULTS}/figures/workflow.svg",
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
