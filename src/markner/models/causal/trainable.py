"""Load a model for training, with float32 master weights or with adapters, and save it as a plain folder."""

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from markner.errors import MarknerError
from markner.models.causal.prefix_attention import use_prefix_attention
from markner.models.device import device
from markner.models.linear import use_onednn
from markner.models.weights import DTYPES, load_causal
from markner.study.schema.systems import Training


def trainable(weights: Path, training: Training) -> Any:
    """Return the model with float32 master weights, or with adapters on frozen or 4-bit weights."""
    model: Any
    if training.method == "qlora":
        quantized = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=DTYPES[training.precision],
        )
        model = load_causal(weights, torch.float32, quantization_config=quantized, device_map={"": 0})
    else:
        model = load_causal(weights, torch.float32)
        if device().type == "cpu":
            use_onednn(model)
    if model.config._attn_implementation != "sdpa":
        raise MarknerError(f"{weights}: attention is {model.config._attn_implementation!r}; the batches need sdpa")
    model.config.use_cache = False
    if training.batching == "prefix":
        use_prefix_attention(model)
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


def parameters(model: Any, training: Training) -> dict[str, int]:
    """Return the number of parameters including adapters, and how many of them are trained."""
    if training.method == "full":
        return dict.fromkeys(("parameters", "trained_parameters"), sum(part.numel() for part in model.parameters()))
    # This method also counts the weights inside 4-bit tensors.
    trained, total = model.get_nb_trainable_parameters()
    return {"parameters": total, "trained_parameters": trained}


def save_plain(
    model: Any, state: dict[str, torch.Tensor] | None, weights: Path, training: Training, folder: Path
) -> None:
    """Save a tuned model as safetensors, in the training's `saved_precision`; shards are gathered, adapters merged.

    Decoding rounds the weights to its own precision. So a model saved in bfloat16 gives the same answers in bfloat16 as
    one saved in float32, in half of the space. A sharded model cannot be saved itself: `state` has all its parameters.
    `weights` is the pretrained model that the training started from, `folder` an empty one.
    """
    if state is not None:
        model = trainable(weights, training)
        model.load_state_dict(state, assign=True)
        model.tie_weights()  # assigned one by one, tied parameters become two
    if training.method == "lora":
        model = model.merge_and_unload()
    elif training.method == "qlora":
        from peft import PeftModel

        # QLoRA trains the adapters on NF4 weights, but they are merged into the original float32 weights: merging into
        # 4 bits would round the adapters away. So the saved model differs from the trained one by the NF4 rounding.
        adapters = folder / "adapters"
        model.save_pretrained(adapters)
        model = PeftModel.from_pretrained(load_causal(weights, torch.float32), str(adapters)).merge_and_unload()
        shutil.rmtree(adapters)
    model.to(DTYPES[training.saved_precision]).save_pretrained(folder)
