"""Save a tuned model as a plain folder: shards are gathered, adapters merged."""

import shutil
from pathlib import Path
from typing import Any

import torch

from markner.models.causal.trainable import trainable
from markner.models.weights import load_causal
from markner.study.schema.systems import Training


def save_plain(
    model: Any, state: dict[str, torch.Tensor] | None, weights: Path, training: Training, folder: Path
) -> None:
    """Save a tuned model as safetensors, in the training's `saved_precision`.

    Decoding rounds the weights to its own precision. So a model saved in bfloat16 gives the same answers in bfloat16 as
    one saved in float32, in half of the space.

    Args:
        model: The model after training.
        state: All parameters if the model was sharded; a sharded model cannot be saved itself.
        weights: Pretrained model that the training started from.
        training: Settings of the training.
        folder: An empty folder.
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
    model.to(torch.bfloat16 if training.saved_precision == "bf16" else torch.float32).save_pretrained(folder)
