# Pretrained weights, and the tuning of causal language models on an instruction set.


rule weights:
    input:
        weights_inputs,
    output:
        directory(f"{RESULTS}/weights/{{model}}"),
    log:
        f"{LOGS}/weights/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/weights/{{model}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        settings=settings("weights"),
        code=code("weights"),
    script:
        "../scripts/weights.py"


rule train:
    input:
        weights=run_weights,
        instructions=run_instructions,
    output:
        model=directory(f"{RESULTS}/models/{{run}}/seed{{seed}}"),
        # Clock times are never the same twice: apart, so that the model is.
        costs=f"{RESULTS}/costs/{{run}}/seed{{seed}}.json",
    log:
        f"{LOGS}/train/{{run}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train/{{run}}/seed{{seed}}.tsv"
    wildcard_constraints:
        run=one_of(TUNED),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        mem_mb=16000,
        runtime=240,
    params:
        settings=settings("train"),
        # Outside the output, which Snakemake deletes when a job fails.
        checkpoints=f"{RESULTS}/checkpoints/{{run}}/seed{{seed}}",
        code=code("train"),
    script:
        "../scripts/train.py"
