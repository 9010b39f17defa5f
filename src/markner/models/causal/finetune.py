"""Instruction tuning of a causal language model, over the Hugging Face Trainer (paper 3.1.2)."""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import SaveStrategy

from markner.data.instructions import Instance
from markner.errors import MarknerError
from markner.files import fresh_folder, replace_folder, write_json
from markner.models.causal.batching import Order, collator
from markner.models.causal.examples import build_examples
from markner.models.causal.preemption import PREEMPTED, SaveStates
from markner.models.causal.progress import Progress, flops_per_token
from markner.models.causal.save import save_plain
from markner.models.causal.sharding import (
    ShardingCheck,
    agreed,
    check,
    is_first,
    keep_float32_sums,
    sharding_options,
    whole_state,
    world_size,
)
from markner.models.causal.trainable import parameters, trainable
from markner.models.states import fingerprint, resumable
from markner.models.weights import device, load_tokenizer
from markner.study.schema.systems import Training

_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


def finetune(
    weights: Path,
    instances: Sequence[Instance],
    template: str,
    training: Training,
    seed: int,
    output: Path,
    costs: Path,
    log: Path,
    checkpoints: Path,
    processes: int = 1,
) -> None:
    """Tune a model on an instruction set and save it as a plain folder.

    Beside safetensors, configuration and tokenizer the folder holds `training.json` (counts and one entry for each
    optimiser step; the same for the same seed on the same kind of machine). What a clock or the memory said is never
    the same twice and stands in a file of its own.

    Args:
        weights: Pretrained model, a folder made by `load.fetch_weights`.
        instances: The instruction set.
        template: Text around instruction and input.
        training: Method and hyperparameters.
        seed: Fixes the order of examples and the adapters' first values.
        output: Folder of the tuned model; whole or absent.
        costs: JSON file of what the training took: parameters, time, memory (`rendering/costs.py` makes the table).
        log: Text file with a line for each optimiser step.
        checkpoints: Folder for states to resume from; a run with the same settings goes on from the last whole one,
            states of other settings are removed, and so is the folder when the model is saved.
        processes: How many processes share this training, each calling this function (`launch.py`); with more than
            one the model is sharded among them, and the first writes what there is to write.

    Raises:
        MarknerError: Examples too long, settings impossible on this machine, processes or sharding other than asked
            for, or the loss is no longer a number.
        SystemExit: SIGTERM came; a state to go on from was saved.
    """
    _check_machine(training, processes)
    # Before the weights are read: from here on the processes know each other.
    arguments = _arguments(training, seed, checkpoints)
    set_seed(seed)
    tokenizer = load_tokenizer(weights)
    examples, excluded = build_examples(instances, template, tokenizer, training)
    model = trainable(weights, training)
    size = parameters(model, training)
    order = Order(examples, training, seed, processes)
    mean_length = sum(map(len, examples)) / len(examples)
    progress = Progress(
        tokens=order.tokens,
        flops_per_token=flops_per_token(model, mean_length, training.method == "full"),
        log=log,
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
    mark = fingerprint(weights, examples, training, seed, processes > 1)
    trainer.train(resume_from_checkpoint=agreed(lambda: resumable(checkpoints, mark)))
    if states.preempted:
        if is_first():
            print(
                f"stopped by a signal after step {trainer.state.global_step} of {trainer.state.max_steps}; the state is"
                f" saved in {checkpoints}, and the next run goes on from it",
                file=sys.stderr,
            )
        raise SystemExit(PREEMPTED)
    state = whole_state(trainer.model) if processes > 1 else None
    if not is_first():
        return
    partial = fresh_folder(output)
    save_plain(trainer.model, state, weights, training, partial)
    tokenizer.save_pretrained(partial)
    write_json(
        partial / "training.json",
        {
            "seed": seed,
            "examples": len(examples),
            "excluded_too_long": excluded,
            **size,
            "steps": trainer.state.global_step,
            "history": progress.history(trainer.state),
        },
    )
    replace_folder(partial, output)
    write_json(costs, {"method": training.method, **size, **progress.costs(mean_length)})
    shutil.rmtree(checkpoints, ignore_errors=True)


class _OrderedTrainer(Trainer):
    """The Trainer with our order of examples.

    Nothing else differs: `batching` gives the model shifted labels and the columns to predict, and the Trainer has
    the model normalise the loss by the supervised tokens of the whole accumulated batch, over all devices.
    """

    def __init__(self, order: Order, **options: Any) -> None:
        super().__init__(**options)
        self.order = order

    def _get_train_sampler(self, train_dataset: Any = None) -> Order:
        return self.order


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
        raise MarknerError("`method: qlora` trains in one process: 4-bit weights are not cut", "set `processes: 1`")
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
        # Several visible GPUs without a launcher would mean DataParallel, which cuts block masks apart.
        arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
