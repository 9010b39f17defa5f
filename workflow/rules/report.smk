# The page that holds it all, from the question to the bytes behind each number.
from markner.reporting.params import ReportParams


include: "inputs/report.smk"


rule report:
    """Write the page that shows the whole study."""
    input:
        results=report_results,
        models=report_models,
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
