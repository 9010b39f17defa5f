# The study as a research object: all jobs with inputs, settings, times and machines, from the records beside results.
from markner.reporting.params import CrateParams


rule crate:
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
    script:
        "../scripts/crate.py"
