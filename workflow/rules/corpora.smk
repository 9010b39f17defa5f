# From native files, checked by hash, to sentences with character spans, and the card that counts them.


rule fetch:
    output:
        directory(f"{RESULTS}/corpora/{{corpus}}/raw"),
    params:
        settings=fetch_settings,
        code=code("fetch"),
    log:
        f"{LOGS}/fetch/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch/{{corpus}}.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    conda:
        "../../envs/base.yaml"
    script:
        "../scripts/fetch.py"


rule sentences:
    input:
        raw=f"{RESULTS}/corpora/{{corpus}}/raw",
    output:
        sentences=f"{RESULTS}/corpora/{{corpus}}/{{route}}/{{split}}.jsonl",
        counts=f"{RESULTS}/corpora/{{corpus}}/{{route}}/{{split}}.counts.json",
    params:
        settings=sentences_settings,
        code=code("sentences"),
    log:
        f"{LOGS}/sentences/{{corpus}}/{{route}}/{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/sentences/{{corpus}}/{{route}}/{{split}}.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/base.yaml"
    script:
        "../scripts/sentences.py"


rule card:
    input:
        card_inputs,
    output:
        csv=f"{RESULTS}/corpora.csv",
        markdown=f"{RESULTS}/corpora.md",
    params:
        settings=leaves.card(STUDY),
        folder=f"{RESULTS}/corpora",
        code=code("card"),
    log:
        f"{LOGS}/card.log",
    benchmark:
        f"{BENCHMARKS}/card.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/base.yaml"
    script:
        "../scripts/card.py"


rule released_marks:
    input:
        sentences=f"{RESULTS}/corpora/{{corpus}}/iob/{{split}}.jsonl",
    output:
        f"{RESULTS}/released/{{corpus}}.{{split}}.txt",
    params:
        code=code("released_marks"),
    log:
        f"{LOGS}/released_marks/{{corpus}}.{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/released_marks/{{corpus}}.{{split}}.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../../envs/base.yaml"
    script:
        "../scripts/released_marks.py"
