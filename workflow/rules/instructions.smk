# From sentences to instruction sets: a JSON list of objects with exactly instruction, input, output.


rule mix:
    input:
        sentences=mix_sentences,
    output:
        instructions=f"{RESULTS}/instructions/{{mix}}.json",
        index=f"{RESULTS}/instructions/{{mix}}.index.csv",
    log:
        f"{LOGS}/mix/{{mix}}.log",
    benchmark:
        f"{BENCHMARKS}/mix/{{mix}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings("mix"),
        code=code("mix"),
    script:
        "../scripts/mix.py"
