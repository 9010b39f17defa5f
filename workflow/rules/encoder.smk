# The encoder baseline: a grid of token classifiers, each trained on its own, the best chosen on dev.


rule train_encoder:
    input:
        weights=run_weights,
        train=encoder_sentences("train"),
        dev=encoder_sentences("dev"),
    output:
        model=directory(f"{RESULTS}/models/{{run}}/seed{{seed}}/grid/{{point}}/model"),
        dev=f"{RESULTS}/models/{{run}}/seed{{seed}}/grid/{{point}}/dev.json",
    log:
        f"{LOGS}/train_encoder/{{run}}/seed{{seed}}/{{point}}.log",
    benchmark:
        f"{BENCHMARKS}/train_encoder/{{run}}/seed{{seed}}/{{point}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        settings=settings("train_encoder"),
        code=code("train_encoder"),
    script:
        "../scripts/train_encoder.py"


rule select_encoder:
    input:
        grid_files("dev.json"),
    output:
        f"{RESULTS}/models/{{run}}/seed{{seed}}/selection.json",
    log:
        f"{LOGS}/select_encoder/{{run}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/select_encoder/{{run}}/seed{{seed}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings("select_encoder"),
        code=code("select_encoder"),
    script:
        "../scripts/select_encoder.py"


rule predict_encoder:
    input:
        models=grid_files("model"),
        sentences=test_sentences,
    output:
        directory(f"{RESULTS}/predictions/{{run}}/seed{{seed}}/grid/{{corpus}}"),
    log:
        f"{LOGS}/predict_encoder/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_encoder/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(ENCODERS),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=settings("predict_encoder"),
        code=code("predict_encoder"),
    script:
        "../scripts/predict_encoder.py"


rule selected_predictions:
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
        run=one_of(ENCODERS),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings("selected_predictions"),
        code=code("selected_predictions"),
    script:
        "../scripts/selected_predictions.py"
