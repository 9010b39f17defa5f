# Predictions against gold: one rule for every kind of system, and one for all points of an encoder's grid.
from markner.evaluation.params import ScoreParams
from markner.study.params import NoParams


include: "inputs/score.smk"


rule score:
    """Score the predictions of a run on a corpus against the gold."""
    input:
        sentences=test_sentences,
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        counts=answer_counts,
    output:
        f"{RESULTS}/scores/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/score/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/score/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(ScoreParams),
    script:
        "../scripts/score.py"


rule score_grid:
    """Score the predictions of every grid point of an encoder."""
    input:
        sentences=test_sentences,
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/grid/{{corpus}}",
    output:
        f"{RESULTS}/scores/{{run}}/seed{{seed}}/grid/{{corpus}}.json",
    log:
        f"{LOGS}/score_grid/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/score_grid/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(NoParams),
    script:
        "../scripts/score_grid.py"
