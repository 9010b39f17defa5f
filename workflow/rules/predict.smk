# Answers of causal language models, tuned or as they are, aligned to their input.
from markner.models.params import PredictParams


include: "inputs/predict.smk"


rule predict:
    """Answer each sentence of a corpus with a causal language model and align the answers."""
    input:
        model=run_model,
        sentences=test_sentences,
    output:
        f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
    log:
        f"{LOGS}/predict/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/predict/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(GENERATIVE),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        nodes=1,
        gpu=hardware("gpus"),
        device=hardware("device"),
        mem_mb=memory_in_tries("predict", "predict_memory_mb"),
        runtime=hardware("predict_minutes"),
    params:
        settings=settings(PredictParams),
    script:
        "../scripts/predict.py"
