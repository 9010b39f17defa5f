# Predictions against gold; one rule for every kind of system and for each point of an encoder's grid.


rule score:
    input:
        sentences=scored_sentences,
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.jsonl",
    output:
        f"{RESULTS}/scores/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.json",
    params:
        settings=leaves.score(STUDY),
        code=code("score"),
    wildcard_constraints:
        grid=r"(grid/[^/]+/)?",
    log:
        f"{LOGS}/score/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/score/{{run}}/seed{{seed}}/{{grid}}{{corpus}}.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/base.yaml"
    script:
        "../scripts/score.py"
