"""Embed sentences, to find similar training sentences (`shot_selection: similar`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel

from markner.models.chat.few_shot import Embed
from markner.models.device import place
from markner.models.weights import load_pretrained, load_tokenizer

_BATCH = 64
_LONGEST = 512
"""Tokens of a text that are used, if the model does not allow fewer."""


def embedding(folder: Path) -> Embed:
    """Return a function that embeds texts with a pretrained model.

    An embedding is the mean of the last hidden states over the text's tokens (Reimers and Gurevych 2019), in float32.

    Raises:
        MarknerError: The folder contains no model that can be loaded.
    """
    tokenizer = load_tokenizer(folder)
    model = load_pretrained(AutoModel, folder, "a model", dtype=torch.float32)
    place(model)
    longest = min(_LONGEST, tokenizer.model_max_length, model.config.max_position_embeddings)

    def embed(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
        # Texts of similar length together: little padding.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=longest,
                return_tensors="pt",
                split_special_tokens=True,
            ).to(model.device)
            with torch.inference_mode():
                states = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
            vectors[rows] = ((states * mask).sum(1) / mask.sum(1).clamp(min=1)).cpu().numpy()
        return vectors

    return embed
