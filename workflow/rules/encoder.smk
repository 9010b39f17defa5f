# The encoder baseline: a grid of token classifiers, one or several to a job, the best chosen on dev.
from markner.models.params import (
    PredictEncoderParams,
    PredictTaggerParams,
    SelectEncoderParams,
    TrainEncoderParams,
    TrainFinalEncoderParams,
)
from markner.study.params import NoParams


include: "inputs/encoder.smk"


rule train_encoder:
    """Train the grid points of an encoder that one job holds."""
    input:
        weights=run_weights,
        train=encoder_sentences("train"),
        dev=encoder_sentences("dev"),
    output:
        directory(f"{RESULTS}/models/{{run}}/seed{{seed}}/grid/{{part}}"),
    log:
        f"{LOGS}/train_encoder/{{run}}/seed{{seed}}/{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/train_encoder/{{run}}/seed{{seed}}/{{part}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    conda:
        "../../envs/torch.yaml"
    threads: cores_of_profile("train_encoder")
    resources:
        gpu=hardware("gpus"),
        device=hardware("device"),
        mem_mb=8000,
        runtime=encoder_minutes,
        training_gb=training_disk,
    params:
        settings=settings(TrainEncoderParams),
        # Outside the output, which Snakemake deletes when a job fails.
        checkpoints=f"{RESULTS}/checkpoints/{{run}}/seed{{seed}}/{{part}}",
    script:
        "../scripts/train_encoder.py"


rule select_encoder:
    """Select the best grid point of an encoder on its dev split."""
    input:
        grid_folders,
    output:
        f"{RESULTS}/models/{{run}}/seed{{seed}}/selection.json",
    log:
        f"{LOGS}/select_encoder/{{run}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/select_encoder/{{run}}/seed{{seed}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    # Before trainings, so that models that do not stay are removed soon.
    priority: 1
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings(SelectEncoderParams),
    script:
        "../scripts/select_encoder.py"


rule predict_encoder:
    """Tag a test split with every grid point of an encoder."""
    input:
        grid=grid_folders,
        sentences=test_sentences,
    output:
        directory(f"{RESULTS}/predictions/{{run}}/seed{{seed}}/grid/{{corpus}}"),
    log:
        f"{LOGS}/predict_encoder/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_encoder/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    # Before trainings, so that models that do not stay are removed soon.
    priority: 1
    conda:
        "../../envs/torch.yaml"
    threads: cores_of_profile("predict_encoder")
    resources:
        gpu=hardware("gpus"),
        device=hardware("device"),
        mem_mb=4000,
        runtime=60,
    params:
        settings=settings(PredictEncoderParams),
    script:
        "../scripts/predict_encoder.py"


rule selected_predictions:
    """Copy the predictions of the selected grid point."""
    input:
        selection=f"{RESULTS}/models/{{run}}/seed{{seed}}/selection.json",
        grid=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/grid/{{corpus}}",
    output:
        f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
    log:
        f"{LOGS}/selected_predictions/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/selected_predictions/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(set(ENCODERS) - set(FINAL)),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings(NoParams),
    script:
        "../scripts/selected_predictions.py"


rule train_final_encoder:
    """Train the selected point of an encoder on train and dev together."""
    input:
        weights=run_weights,
        train=encoder_sentences("train"),
        dev=encoder_sentences("dev"),
        selection=f"{RESULTS}/models/{{run}}/seed{{seed}}/selection.json",
    output:
        directory(f"{RESULTS}/models/{{run}}/seed{{seed}}/final"),
    log:
        f"{LOGS}/train_final_encoder/{{run}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_final_encoder/{{run}}/seed{{seed}}.tsv"
    wildcard_constraints:
        run=one_of(FINAL),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        gpu=hardware("gpus"),
        device=hardware("device"),
        mem_mb=8000,
        runtime=120,
    params:
        settings=settings(TrainFinalEncoderParams),
    script:
        "../scripts/train_final_encoder.py"


rule predict_final_encoder:
    """Tag a test split with the final model of an encoder."""
    input:
        model=f"{RESULTS}/models/{{run}}/seed{{seed}}/final",
        sentences=test_sentences,
    output:
        f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
    log:
        f"{LOGS}/predict_final_encoder/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_final_encoder/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(FINAL),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        gpu=hardware("gpus"),
        device=hardware("device"),
        mem_mb=4000,
        runtime=60,
    params:
        settings=settings(NoParams),
    script:
        "../scripts/predict_final_encoder.py"


rule predict_tagger:
    """Tag a test split with a token classifier that is trained already."""
    input:
        model=run_weights,
        sentences=test_sentences,
    output:
        f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
    log:
        f"{LOGS}/predict_tagger/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_tagger/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(TAGGERS),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        gpu=hardware("gpus"),
        device=hardware("device"),
        mem_mb=4000,
        runtime=60,
    params:
        settings=settings(PredictTaggerParams),
    script:
        "../scripts/predict_tagger.py"
