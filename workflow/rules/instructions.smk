# From sentences to instruction sets: a JSON list of objects with exactly instruction, input, output.


rule mix:
    input:
        sentences=mix_sentences,
    output:
        instructions=f"{RESULTS}/instructions/{{mix}}.json",
        index=f"{RESULTS}/instructions/{{mix}}.index.csv",
    params:
        settings=mix_settings,
        code=code("mix"),
    log:
        f"{LOGS}/mix/{{mix}}.log",
    benchmark:
        f"{BENCHMARKS}/mix/{{mix}}.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/base.yaml"
    script:
        "../scripts/mix.py"
