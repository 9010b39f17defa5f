# What each training took: parameters, time, memory.
from markner.reporting.params import CostsParams


include: "inputs/costs.smk"


rule costs:
    """Collect the time and memory of all trainings."""
    input:
        training_costs,
    output:
        csv=report(
            f"{RESULTS}/costs.csv",
            caption="../report/costs.rst",
            category="Costs",
            labels={"table": "costs"},
        ),
        markdown=f"{RESULTS}/costs.md",
    log:
        f"{LOGS}/costs.log",
    benchmark:
        f"{BENCHMARKS}/costs.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(CostsParams),
    script:
        "../scripts/costs.py"
