# What is behind the scores: are differences more than chance, in which strata, which errors are made, and the official
# BC2GM scores.
from markner.evaluation.params import (
    CalibrationParams,
    ErrorsParams,
    OfficialParams,
    SignificanceParams,
    StrataParams,
    SuspectsParams,
)


include: "inputs/analyses.smk"


rule significance:
    """Test whether the systems on a corpus differ by more than chance."""
    input:
        sentences=test_sentences,
        predictions=compared_predictions,
    output:
        report(
            f"{RESULTS}/significance/{{family}}{{corpus}}.csv",
            caption="../report/significance.rst",
            category="Comparisons",
            labels=significance_labels,
        ),
    log:
        f"{LOGS}/significance/{{family}}{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/significance/{{family}}{{corpus}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(SignificanceParams),
    script:
        "../scripts/significance.py"


rule strata:
    """Score the systems on a corpus by stratum, and compare them in each."""
    input:
        sentences=test_sentences,
        predictions=compared_predictions,
        training=training_data,
    output:
        scores=report(
            f"{RESULTS}/strata/{{family}}{{corpus}}.csv",
            caption="../report/strata.rst",
            category="Comparisons",
            labels=strata_labels,
        ),
        tests=f"{RESULTS}/strata/{{family}}{{corpus}}.tests.csv",
    log:
        f"{LOGS}/strata/{{family}}{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/strata/{{family}}{{corpus}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=settings(StrataParams),
    script:
        "../scripts/strata.py"


rule errors:
    """Sort the errors of a run on a corpus into kinds, and draw a sample for a person to judge."""
    input:
        sentences=test_sentences,
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        adjudicated=judged_errors,
        suspects=judged_suspects,
    output:
        csv=report(
            f"{RESULTS}/errors/{{run}}/seed{{seed}}/{{corpus}}.csv",
            caption="../report/errors.rst",
            category="Errors",
            labels={
                "corpus": "{corpus}",
                "run": "{run}",
                "seed": "{seed}",
            },
        ),
        summary=f"{RESULTS}/errors/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/errors/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/errors/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(ErrorsParams),
    script:
        "../scripts/errors.py"


rule official:
    """Score predictions as the BioCreative II gene mention task did."""
    input:
        sentences=test_sentences,
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        native=f"{RESULTS}/corpora/{{corpus}}/native",
    output:
        report(
            f"{RESULTS}/official/{{run}}/seed{{seed}}/{{corpus}}.json",
            caption="../report/official.rst",
            category="Official scores",
            labels={
                "corpus": "{corpus}",
                "run": "{run}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/official/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/official/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(OfficialParams),
    script:
        "../scripts/official.py"


rule calibration:
    """Compare the confidences of runs with their precision, and draw reliability and F1 at coverage."""
    input:
        sentences=calibration_sentences,
        predictions=calibrated_predictions,
        fit_sentences=fit_sentences,
        fits=fit_predictions,
    output:
        values=f"{RESULTS}/calibration/{{calibration}}.json",
        pdf=f"{RESULTS}/figures/{{calibration}}.pdf",
        svg=report(
            f"{RESULTS}/figures/{{calibration}}.svg",
            caption="../report/calibration.rst",
            category="Figures",
            labels=calibration_labels,
        ),
        png=f"{RESULTS}/figures/{{calibration}}.png",
    log:
        f"{LOGS}/calibration/{{calibration}}.log",
    benchmark:
        f"{BENCHMARKS}/calibration/{{calibration}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(CalibrationParams),
    script:
        "../scripts/calibration.py"


rule suspects:
    """List places of a corpus where its annotation may be wrong, for a person to judge."""
    input:
        sentences=suspect_sentences,
        others=suspect_others,
        predictions=suspect_predictions,
    output:
        report(
            f"{RESULTS}/suspects/{{suspects}}.csv",
            caption="../report/suspects.rst",
            category="Errors",
            labels=suspect_labels,
        ),
    log:
        f"{LOGS}/suspects/{{suspects}}.log",
    benchmark:
        f"{BENCHMARKS}/suspects/{{suspects}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(SuspectsParams),
    script:
        "../scripts/suspects.py"
