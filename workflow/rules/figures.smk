# Figures: the cells of a table, kinds of errors, scores against the size of the training data, scores by
# stratum.
from markner.reporting.params import (
    ErrorFigureParams,
    FigureParams,
    SizeFigureParams,
    StrataFigureParams,
    WorkflowFigureParams,
)


include: "inputs/figures.smk"


rule figure:
    """Draw the scores of a table."""
    input:
        table=figure_table,
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        svg=report(
            f"{RESULTS}/figures/{{figure}}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
        png=f"{RESULTS}/figures/{{figure}}.png",
    log:
        f"{LOGS}/figure/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/figure/{{figure}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(FigureParams),
    script:
        "../scripts/figure.py"


rule error_figure:
    """Draw the kinds of errors of a table's systems."""
    input:
        summaries=figure_errors,
        paper=PAPER,
    output:
        pdf=f"{RESULTS}/figures/{{error_figure}}.pdf",
        svg=report(
            f"{RESULTS}/figures/{{error_figure}}.svg",
            caption="../report/error_figure.rst",
            category="Figures",
            labels=error_figure_labels,
        ),
        png=f"{RESULTS}/figures/{{error_figure}}.png",
    log:
        f"{LOGS}/error_figure/{{error_figure}}.log",
    benchmark:
        f"{BENCHMARKS}/error_figure/{{error_figure}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(ErrorFigureParams),
    script:
        "../scripts/error_figure.py"


rule size_figure:
    """Draw scores against the size of the training data."""
    input:
        scores=size_scores,
        paper=PAPER,
    output:
        csv=f"{RESULTS}/figures/{{size_figure}}.csv",
        pdf=f"{RESULTS}/figures/{{size_figure}}.pdf",
        svg=f"{RESULTS}/figures/{{size_figure}}.svg",
        png=f"{RESULTS}/figures/{{size_figure}}.png",
    log:
        f"{LOGS}/size_figure/{{size_figure}}.log",
    benchmark:
        f"{BENCHMARKS}/size_figure/{{size_figure}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(SizeFigureParams),
    script:
        "../scripts/size_figure.py"


rule workflow_figure:
    """Draw the workflow: the rules of the study's jobs by stage, with the number of jobs."""
    input:
        f"{RESULTS}/lineage.json",
    output:
        pdf=f"{RESULTS}/figures/workflow.pdf",
        svg=f"{RESULTS}/figures/workflow.svg",
        png=f"{RESULTS}/figures/workflow.png",
    log:
        f"{LOGS}/workflow_figure.log",
    benchmark:
        f"{BENCHMARKS}/workflow_figure.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(WorkflowFigureParams),
    script:
        "../scripts/workflow_figure.py"


rule strata_figure:
    """Draw scores by stratum, such as those of mentions seen and not seen in training."""
    input:
        table=strata_figure_table,
    output:
        pdf=f"{RESULTS}/figures/{{strata_figure}}.pdf",
        svg=report(
            f"{RESULTS}/figures/{{strata_figure}}.svg",
            caption="../report/strata_figure.rst",
            category="Figures",
            labels=strata_figure_labels,
        ),
        png=f"{RESULTS}/figures/{{strata_figure}}.png",
    log:
        f"{LOGS}/strata_figure/{{strata_figure}}.log",
    benchmark:
        f"{BENCHMARKS}/strata_figure/{{strata_figure}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(StrataFigureParams),
    script:
        "../scripts/strata_figure.py"
