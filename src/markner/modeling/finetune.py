"""Instruction tuning of a causal language model, over the Hugging Face Trainer (paper 3.1.2)."""

import hashlib
import importlib.util
import json
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BitsAndBytesConfig,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import SaveStrategy

from markner.config.systems import Training
from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.instructions import Instance
from markner.modeling.batching import Order, collator
from markner.modeling.examples import Example, build_examples
from markner.modeling.load import device, fresh_folder, load_causal, load_tokenizer, replace_folder
from markner.modeling.progress import Progress, flops_per_token

_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}
_SETTINGS = "settings.sha256"
# A state is three times the size of the weights: a tenth of a short training is lost sooner than written.
_FEWEST_STEPS_SAVED = 50


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
) -> None:
    """Tune a model on an instruction set and save it as a plain folder.

    Beside safetensors, configuration and tokenizer the folder holds `training.json` (counts and one entry for each
    optimiser step; the same for the same seed on the same kind of machine). What a clock or the memory said is never
    the same twice and stands in a file of its own.

    Args:
        weights: Pretrained model, a folder made by `load.materialise`.
        instances: The instruction set.
        template: Text around instruction and input.
        training: Method and hyperparameters.
        seed: Fixes the order of examples and the adapters' first values.
        output: Folder of the tuned model; whole or absent.
        costs: JSON file of what the training took: parameters, time, memory (`rendering/costs.py` makes the table).
        log: Text file with a line for each optimiser step.
        checkpoints: Folder for states to resume from; a run with the same settings goes on from the last whole one,
            states of other settings are removed, and so is the folder when the model is saved.

    Raises:
        MarknerError: Examples too long, settings impossible on this machine, or the loss is no longer a number.
    """
    _check_machine(training)
    set_seed(seed)
    tokenizer = load_tokenizer(weights)
    examples, excluded = build_examples(instances, template, tokenizer, training)
    model = _trainable(weights, training)
    size = _parameters(model, training)
    order = Order(examples, training, seed)
    mean_length = sum(map(len, examples)) / len(examples)
    steps = math.ceil(math.ceil(len(examples) / training.batch_size) * training.epochs)
    progress = Progress(
        tokens=order.tokens,
        flops_per_token=flops_per_token(model, mean_length, training.method == "full"),
        save_every=max(math.ceil(steps / 10), _FEWEST_STEPS_SAVED),
        log=log,
    )
    trainer = _OrderedTrainer(
        order=order,
        model=model,
        args=_arguments(training, seed, checkpoints),
        train_dataset=examples,
        data_collator=collator(training, tokenizer.pad_token_id),
        callbacks=[progress],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=_resumable(checkpoints, _fingerprint(weights, examples, training, seed)))
    partial = fresh_folder(output)
    _save(trainer, tokenizer, weights, training, partial)
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


def _check_machine(training: Training) -> None:
    if training.method == "qlora" and device().type != "cuda":
        raise MarknerError("`method: qlora` needs a GPU: 4-bit weights run on CUDA only", "use `lora` or `full`")
    if training.method == "qlora" and importlib.util.find_spec("bitsandbytes") is None:
        raise MarknerError(
            "`method: qlora` needs the package bitsandbytes, which is not installed",
            "pip install -r envs/requirements-gpu.txt, or use `lora` or `full`",
        )
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if training.batch_size % (training.device_batch_size * world):
        raise MarknerError(
            f"`batch_size` {training.batch_size} is not a multiple of `device_batch_size`"
            f" {training.device_batch_size} times {world} devices",
            "choose another `device_batch_size` or number of devices",
        )


def _trainable(weights: Path, training: Training) -> Any:
    """The model with float32 master weights, or with adapters on frozen ones."""
    model: Any
    if training.method == "qlora":
        quantised = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16 if training.precision == "bf16" else torch.float32,
        )
        model = load_causal(weights, torch.float32, quantization_config=quantised, device_map={"": 0})
    else:
        model = load_causal(weights, torch.float32)
    if model.config._attn_implementation != "sdpa":
        raise MarknerError(f"{weights}: attention is {model.config._attn_implementation!r}; the batches need sdpa")
    model.config.use_cache = False
    if training.method == "full":
        return model
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if training.method == "qlora":
        model = prepare_model_for_kbit_training(  # type: ignore[no-untyped-call]
            model, use_gradient_checkpointing=training.gradient_checkpointing
        )
    elif training.gradient_checkpointing:
        model.enable_input_require_grads()
    adapters = LoraConfig(
        r=training.lora_rank,
        lora_alpha=training.lora_alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapters)


def _parameters(model: Any, training: Training) -> dict[str, int]:
    """How many parameters the model has, adapters included, and how many of them are trained."""
    if training.method == "full":
        return dict.fromkeys(("parameters", "trained_parameters"), sum(part.numel() for part in model.parameters()))
    # It also knows how many weights a 4-bit tensor holds.
    trained, total = model.get_nb_trainable_parameters()
    return {"parameters": total, "trained_parameters": trained}


def _arguments(training: Training, seed: int, checkpoints: Path) -> TrainingArguments:
    world = int(os.environ.get("WORLD_SIZE", "1"))
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
        activation_checkpointing=training.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        # Checkpoints are asked for by `Progress`, so that none is written when the model itself is about to be.
        save_strategy=SaveStrategy.NO,
        save_total_limit=1,
        logging_steps=1,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=device().type == "cuda",
    )
    if world == 1:
        # Several visible GPUs without a launcher would mean DataParallel, which cuts block masks apart.
        arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def _fingerprint(weights: Path, examples: Sequence[Example], training: Training, seed: int) -> str:
    """Hash of what a checkpoint depends on."""
    digest = hashlib.sha256()
    facts = weights / "markner.json"
    digest.update(facts.read_bytes() if facts.is_file() else str(weights).encode())
    digest.update(json.dumps([training.model_dump(), seed]).encode())
    for example in examples:
        digest.update(repr(example).encode())
    return digest.hexdigest()


def _resumable(checkpoints: Path, fingerprint: str) -> str | None:
    """The last whole checkpoint of the same settings, or None; all others are removed."""
    settings = checkpoints / _SETTINGS
    if not settings.is_file() or settings.read_text(encoding="utf-8") != fingerprint:
        shutil.rmtree(checkpoints, ignore_errors=True)
        checkpoints.mkdir(parents=True)
        settings.write_text(fingerprint, encoding="utf-8")
        return None
    found = sorted(checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]), reverse=True)
    for checkpoint in found:
        try:
            # The Trainer writes this file last: a checkpoint without it is torn.
            read_json(checkpoint / "trainer_state.json")
            return str(checkpoint)
        except (OSError, MarknerError):
            shutil.rmtree(checkpoint)
    return None


def _save(
    trainer: Trainer, tokenizer: PreTrainedTokenizerBase, weights: Path, training: Training, folder: Path
) -> None:
    """Save a plain model: consolidated where it was sharded, adapters merged into float32 weights."""
    if training.method == "full":
        trainer.save_model(str(folder))
        (folder / "training_args.bin").unlink(missing_ok=True)
    elif training.method == "lora":
        tuned: Any = trainer.model
        tuned.merge_and_unload().save_pretrained(folder)
    else:
        from peft import PeftModel

        # Adapters trained on 4-bit weights are merged into the original ones: merging into 4 bits would round them.
        adapters = folder / "adapters"
        trainer.save_model(str(adapters))
        merged = PeftModel.from_pretrained(load_causal(weights, torch.float32), str(adapters)).merge_and_unload()
        merged.save_pretrained(folder)
        shutil.rmtree(adapters)
    tokenizer.save_pretrained(folder)
