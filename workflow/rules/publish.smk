# Instruction sets and tuned models as folders that the Hugging Face hub takes, each with its card.
from markner.reporting.params import InstructionSetCardParams, ModelCardParams


include: "inputs/publish.smk"


rule dataset:
    """Write an instruction set with its card, as the Hugging Face hub takes it."""
    input:
        instructions=f"{RESULTS}/instructions/{{mixture}}.json",
        template=card_template("dataset"),
    output:
        directory(f"{RESULTS}/hub/datasets/{{mixture}}"),
    log:
        f"{LOGS}/dataset/{{mixture}}.log",
    benchmark:
        f"{BENCHMARKS}/dataset/{{mixture}}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(InstructionSetCardParams),
    script:
        "../scripts/dataset.py"


rule model_card:
    """Write a tuned model with its card, as the Hugging Face hub takes it."""
    input:
        model=f"{RESULTS}/models/{{run}}/seed{{seed}}",
        cost=f"{RESULTS}/costs/{{run}}/seed{{seed}}.json",
        scores=run_scores,
        template=card_template("model"),
    output:
        directory(f"{RESULTS}/hub/models/{{run}}/seed{{seed}}"),
    log:
        f"{LOGS}/model_card/{{run}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/model_card/{{run}}/seed{{seed}}.tsv"
    wildcard_constraints:
        run=one_of(TUNED),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=settings(ModelCardParams),
    script:
        "../scripts/model_card.py"
