# Answers of causal language models, tuned or as they are, aligned to their input; and answers of other systems from
# files, matched with the sentences.
from markner.data.params import ImportPredictionsParams
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
    # Before trainings, so that models that do not stay are removed soon.
    priority: 1
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


rule import_predictions:
    """Match the answers of another system with the test sentences of a corpus."""
    input:
        answers=answer_file,
        sentences=test_sentences,
    output:
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        counts=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.counts.json",
    log:
        f"{LOGS}/import_predictions/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/import_predictions/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(IMPORTED),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings(ImportPredictionsParams),
    script:
        "../scripts/import_predictions.py"
