"""A tuned model as a plain folder of weights and configuration: put together where it was sharded, adapters merged."""

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
        model: The model as it was trained.
        state: All its parameters if it was sharded; the model itself cannot be saved then.
        weights: Pretrained model that the training began with.
        training: How it was tuned.
        folder: An empty folder.
    """
    if state is not None:
        model = trainable(weights, training)
        model.load_state_dict(state, assign=True)
        model.tie_weights()  # assigned one by one, tied parameters are two
    if training.method == "full":
        model.save_pretrained(folder)
    elif training.method == "lora":
        model.merge_and_unload().save_pretrained(folder)
    else:
        from peft import PeftModel

        # Adapters trained on 4-bit weights are merged into the original ones: merging into 4 bits would round them.
        adapters = folder / "adapters"
        model.save_pretrained(adapters)
        merged = PeftModel.from_pretrained(load_causal(weights, torch.float32), str(adapters)).merge_and_unload()
        merged.save_pretrained(folder)
        shutil.rmtree(adapters)
