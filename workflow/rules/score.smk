# Predictions against gold; one rule for every kind of system and for each point of an encoder's grid.


rule score:
    input:
        sentences=scored_sentences,
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.jsonl",
    output:
        f"{RESULTS}/scores/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.json",
    log:
        f"{LOGS}/score/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/score/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.tsv"
    wildcard_constraints:
        grid=r"(grid/[^/]+/)?",
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings("score"),
        code=code("score"),
    script:
        "../scripts/score.py"
