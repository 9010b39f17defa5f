"""Load a model for training: with float32 master weights, or with adapters on frozen or 4-bit weights."""

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
    """Return the model with float32 master weights, or with adapters on frozen weights."""
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
