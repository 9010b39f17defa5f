# The study as a research object: all jobs with inputs, settings, times and machines, from the records beside results.
from markner.reporting.params import CrateParams


rule crate:
    """Write the study as a research object, from the records beside its results."""
    input:
        kept=crate_results("kept"),
        named=crate_results("named"),
        workflow=workflow_files(),
    output:
        directory(f"{RESULTS}/crate"),
    log:
        f"{LOGS}/crate.log",
    benchmark:
        f"{BENCHMARKS}/crate.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        settings=settings(CrateParams),
        rules=rule_descriptions,
    script:
        "../scripts/crate.py"
