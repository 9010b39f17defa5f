# Answers of chat models behind an API, aligned to their input. What was ever answered is kept outside the results, on a
# local disk (docs/chat.md); so these rules run where the workflow runs, on a cluster too.


localrules:
    chat,
    chat_served,


rule shots:
    input:
        train=shot_sentences,
        sentences=test_sentences,
    output:
        f"{RESULTS}/shots/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/shots/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/shots/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(set(CHAT) - set(SIMILAR)),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings("shots"),
        code=code("shots"),
    script:
        "../scripts/shots.py"


rule similar_shots:
    input:
        weights=embedding_weights,
        train=shot_sentences,
        sentences=test_sentences,
    output:
        f"{RESULTS}/shots/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/similar_shots/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/similar_shots/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(SIMILAR),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        device=embedding_device,
        mem_mb=4000,
        runtime=60,
    params:
        settings=settings("similar_shots"),
        code=code("similar_shots"),
    script:
        "../scripts/similar_shots.py"


rule chat:
    input:
        shots=f"{RESULTS}/shots/{{run}}/seed{{seed}}/{{corpus}}.json",
        sentences=test_sentences,
    output:
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        usage=f"{RESULTS}/usage/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/chat/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/chat/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(set(CHAT) - set(SERVED)),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=1440,
    params:
        settings=settings("chat"),
        code=code("chat"),
    script:
        "../scripts/chat.py"


rule chat_served:
    input:
        weights=served_weights,
        shots=f"{RESULTS}/shots/{{run}}/seed{{seed}}/{{corpus}}.json",
        sentences=test_sentences,
    output:
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        usage=f"{RESULTS}/usage/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/chat_served/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/chat_served/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(SERVED),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        settings=settings("chat_served"),
        code=code("chat_served"),
    script:
        "../scripts/chat_served.py"
