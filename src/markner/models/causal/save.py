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
    """Save a tuned model in float32 safetensors.

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
    if training.method == "full":
        model.save_pretrained(folder)
    elif training.method == "lora":
        model.merge_and_unload().save_pretrained(folder)
    else:
        from peft import PeftModel

        # QLoRA trains the adapters on NF4 weights, but they are merged into the original float32 weights: merging into
        # 4 bits would round the adapters away. So the saved model differs from the trained one by the NF4 rounding.
        adapters = folder / "adapters"
        model.save_pretrained(adapters)
        merged = PeftModel.from_pretrained(load_causal(weights, torch.float32), str(adapters)).merge_and_unload()
        merged.save_pretrained(folder)
        shutil.rmtree(adapters)
