# Pretrained weights, and the tuning of causal language models on an instruction set.
from markner.models.params import TrainParams, WeightsParams


include: "inputs/train.smk"


rule weights:
    """Fetch pretrained weights and convert them to safetensors."""
    input:
        weights_inputs,
    output:
        directory(f"{RESULTS}/weights/{{model}}"),
    log:
        f"{LOGS}/weights/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/weights/{{model}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        settings=settings(WeightsParams),
    script:
        "../scripts/weights.py"


rule train:
    """Tune a causal language model on an instruction set."""
    input:
        weights=run_weights,
        instructions=run_instructions,
    output:
        model=directory(f"{RESULTS}/models/{{run}}/seed{{seed}}"),
        # Not in the model's folder, which is removed if the study does not keep it.
        history=f"{RESULTS}/history/{{run}}/seed{{seed}}.json",
        # Clock times differ each time. They have their own file, so that the model's bytes do not.
        costs=f"{RESULTS}/costs/{{run}}/seed{{seed}}.json",
    log:
        f"{LOGS}/train/{{run}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train/{{run}}/seed{{seed}}.tsv"
    wildcard_constraints:
        run=one_of(set(TUNED) - set(ON_NODES)),
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        nodes=1,
        gpu=training_gpus,
        processes=training_processes,
        device=hardware("device"),
        mem_mb=memory_in_tries("train"),
        runtime=hardware("train_minutes"),
        training_gb=training_disk,
    params:
        settings=settings(TrainParams),
        # Outside the output, which Snakemake deletes when a job fails.
        checkpoints=f"{RESULTS}/checkpoints/{{run}}/seed{{seed}}",
    script:
        "../scripts/train.py"


# The same on several nodes. SLURM's plugin tells such jobs by `mpi`, which a job on one node must not have.
use rule train as train_on_nodes with:
    """Tune a causal language model on an instruction set, on several nodes."""
    wildcard_constraints:
        run=one_of(ON_NODES),
    resources:
        mpi="srun",
        nodes=hardware("nodes"),
        tasks=hardware("nodes"),
        tasks_per_gpu=0,
        gres=gpus_of_each_node,
        processes=training_processes,
        device=hardware("device"),
        mem_mb=memory_in_tries("train_on_nodes"),
        runtime=hardware("train_minutes"),
        training_gb=training_disk,
