"""Instruction tuning of a causal language model, over the Hugging Face Trainer (paper 3.1.2)."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import SaveStrategy

from markner.data.instructions import read_instances
from markner.errors import MarknerError
from markner.files import whole_folder, write_json
from markner.models.causal.batching import Order, collator
from markner.models.causal.examples import build_examples
from markner.models.causal.preemption import PREEMPTED, SaveStates
from markner.models.causal.progress import Progress, flops_per_token
from markner.models.causal.sharding import (
    ShardingCheck,
    check,
    is_first,
    keep_float32_sums,
    sharding_options,
    whole_state,
    world_size,
)
from markner.models.causal.trainable import parameters, save_plain, trainable
from markner.models.checkpoints import claim_folder, fingerprint, last_state
from markner.models.device import device
from markner.models.weights import load_tokenizer
from markner.study.schema.systems import Training

_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


@dataclass(frozen=True)
class FineTuning:
    """One instruction tuning of a model: its inputs, settings and outputs."""

    weights: Path
    """Pretrained model, a folder written by `markner.models.weights.fetch_weights`."""
    instructions: Path
    """Instruction set."""
    template: str
    """Text around instruction and input."""
    training: Training
    """Method and hyperparameters."""
    seed: int
    """Determines the order of the examples and the initial values of adapters."""
    output: Path
    """Folder of the tuned model; complete or absent."""
    history: Path
    """JSON file with counts, and one entry for each optimizer step; it stays if the model is removed."""
    costs: Path
    """JSON file with parameters, time and memory of the training (`markner.reporting.costs` makes the table)."""
    log: Path
    """Text file with a line for each optimizer step."""
    checkpoints: Path
    """Folder for states to resume from. A job with the same inputs and settings resumes from the last complete state;
    states of other jobs are removed. The folder is removed when the model is saved."""


def finetune(job: FineTuning, processes: int = 1) -> None:
    """Tune a model on an instruction set and save it as a plain folder.

    The folder contains safetensors, configuration and tokenizer. On a CPU, the same seed and number of threads and
    processes give the same bytes. On GPUs the values can differ by rounding from run to run, because some CUDA kernels
    add in no fixed order. Times and memory use differ in every run, so they are in a file of their own.

    Each process of a training calls this function (`launch.py`). If there are several, the model is sharded among them,
    and the first writes the files.

    Raises:
        MarknerError: Examples are too long, the settings are impossible on this machine, processes or sharding differ
            from the request, or the loss is not finite.
        SystemExit: SIGTERM came; a state to resume from was saved.
    """
    training, seed, checkpoints = job.training, job.seed, job.checkpoints
    _check_machine(training, processes)
    # This connects the processes, so it comes before the weights are loaded.
    arguments = _arguments(training, seed, checkpoints)
    set_seed(seed)
    tokenizer = load_tokenizer(job.weights)
    examples, excluded = build_examples(read_instances(job.instructions), job.template, tokenizer, training)
    model = trainable(job.weights, training)
    size = parameters(model, training)
    order = Order(examples, training, seed, processes)
    mean_length = sum(map(len, examples)) / len(examples)
    progress = Progress(
        tokens=order.tokens,
        flops_per_token=flops_per_token(model, mean_length, training.method == "full"),
        log=job.log,
    )
    states = SaveStates()
    trainer = _OrderedTrainer(
        order=order,
        model=model,
        args=arguments,
        train_dataset=order.dataset(),
        data_collator=collator(training, tokenizer.pad_token_id),
        callbacks=[ShardingCheck(training, processes), progress, states],
    )
    trainer.remove_callback(PrinterCallback)
    (resumed,) = broadcast_object_list([_state_to_resume(job, processes > 1) if is_first() else None])
    trainer.train(resume_from_checkpoint=resumed)
    if states.preempted:
        if is_first():
            print(
                f"stopped by a signal after step {trainer.state.global_step} of {trainer.state.max_steps}; the state is"
                f" saved in {checkpoints}, and the next run resumes from it",
                file=sys.stderr,
            )
        raise SystemExit(PREEMPTED)
    state = whole_state(trainer.model) if processes > 1 else None
    if not is_first():
        return
    with whole_folder(job.output) as partial:
        save_plain(trainer.model, state, job.weights, training, partial)
        tokenizer.save_pretrained(partial)
        write_json(
            job.history,
            {
                "seed": seed,
                "examples": len(examples),
                "excluded_too_long": excluded,
                **size,
                "steps": trainer.state.global_step,
                "history": progress.history(trainer.state),
            },
        )
    write_json(job.costs, {"method": training.method, **size, **progress.costs(mean_length)})
    shutil.rmtree(checkpoints, ignore_errors=True)


class _OrderedTrainer(Trainer):
    """The Trainer with an `Order` as its sampler.

    Nothing else differs. The batches contain shifted labels and the columns to predict (`batching`). The model
    normalizes the loss by the number of supervised tokens of the whole accumulated batch, over all devices.
    """

    def __init__(self, order: Order, **options: Any) -> None:
        super().__init__(**options)
        self.order = order

    def _get_train_sampler(self, train_dataset: Any = None) -> Order:
        return self.order


def _state_to_resume(job: FineTuning, sharded: bool) -> str | None:
    """Return the last complete state of the same job, or None; states of other jobs are removed.

    The number of processes may differ: a sharded state can be loaded by any number of them, and a step is the same.
    Sharded and other states are different kinds of files.
    """
    settings = [job.template, job.training.model_dump(), job.seed, sharded]
    claim_folder(job.checkpoints, fingerprint(settings, [job.instructions], [job.weights]))
    return last_state(job.checkpoints)


def _check_machine(training: Training, processes: int) -> None:
    check(world_size() == processes, f"{processes} processes were asked for, {world_size()} were started")
    if training.method == "qlora" and device().type != "cuda":
        raise MarknerError("`method: qlora` needs a GPU: 4-bit weights run on CUDA only", "use `lora` or `full`")
    if training.method == "qlora" and importlib.util.find_spec("bitsandbytes") is None:
        raise MarknerError(
            "`method: qlora` needs the package bitsandbytes, which is not installed",
            "pip install -r envs/requirements-gpu.txt, or use `lora` or `full`",
        )
    if training.method == "qlora" and processes > 1:
        raise MarknerError("`method: qlora` trains in one process: 4-bit weights are not sharded", "set `processes: 1`")
    if training.batch_size % (training.device_batch_size * processes):
        raise MarknerError(
            f"`batch_size` {training.batch_size} is not a multiple of `device_batch_size`"
            f" {training.device_batch_size} times {processes} processes",
            "choose another `device_batch_size` or number of `processes`",
        )


def _arguments(training: Training, seed: int, checkpoints: Path) -> TrainingArguments:
    world = world_size()
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        seed=seed,
        use_cpu=device().type == "cpu",
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.device_batch_size,
        gradient_accumulation_steps=training.batch_size // (training.device_batch_size * world),
        learning_rate=training.learning_rate,
        lr_scheduler_type=_SCHEDULES[training.schedule],
        warmup_steps=training.warmup,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        optim="adamw_torch_fused",
        bf16=training.precision == "bf16",
        # Sharded models recompute within each unit instead (`sharding_options`), which gathers a layer once less.
        activation_checkpointing=training.gradient_checkpointing and world == 1,
        activation_checkpointing_kwargs={"use_reentrant": False},
        # `SaveStates` asks for states, so that none is written just before the model itself.
        save_strategy=SaveStrategy.NO,
        save_total_limit=1,
        logging_steps=1,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=device().type == "cuda",
        **sharding_options(training),
    )
    keep_float32_sums(arguments, training)
    if world == 1:
        # Several visible GPUs without a launcher would mean DataParallel, which splits block masks.
        arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
