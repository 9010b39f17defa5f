# Answers of chat models, aligned to their input. All answers are stored outside the results (docs/chat.md). `chat` needs
# a network and no computing power: it runs where Snakemake runs, also on a cluster. `chat_served` loads a model: it is
# a job of the cluster like others.
from markner.models.chat.params import ChatParams, FewShotParams


include: "inputs/chat.smk"


localrules:
    chat,


rule few_shot:
    """Draw the few-shot examples of a chat run by its seed."""
    input:
        train=shot_sentences,
        sentences=test_sentences,
    output:
        f"{RESULTS}/few_shot/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/few_shot/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/few_shot/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(set(CHAT) - set(SIMILAR)),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings(FewShotParams),
    script:
        "../scripts/few_shot.py"


rule similar_few_shot:
    """Choose for each sentence the few-shot examples that are nearest by embedding."""
    input:
        weights=embedding_weights,
        train=shot_sentences,
        sentences=test_sentences,
    output:
        f"{RESULTS}/few_shot/{{run}}/seed{{seed}}/{{corpus}}.json",
    log:
        f"{LOGS}/similar_few_shot/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/similar_few_shot/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(SIMILAR),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        gpu=hardware("gpus", embedding_hardware),
        device=hardware("device", embedding_hardware),
        mem_mb=4000,
        runtime=60,
    params:
        settings=settings(FewShotParams),
    script:
        "../scripts/similar_few_shot.py"


rule chat:
    """Ask a chat model for each sentence of a corpus and align its answers."""
    input:
        few_shot=f"{RESULTS}/few_shot/{{run}}/seed{{seed}}/{{corpus}}.json",
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
        settings=settings(ChatParams),
    script:
        "../scripts/chat.py"


rule chat_served:
    """Serve a local model on loopback, ask it for each sentence of a corpus and align its answers."""
    input:
        weights=served_weights,
        few_shot=f"{RESULTS}/few_shot/{{run}}/seed{{seed}}/{{corpus}}.json",
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
        settings=settings(ChatParams),
    script:
        "../scripts/chat_served.py"
