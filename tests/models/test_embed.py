"""Tests of `markner.models.embedding`."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_llama import write_tiny_llama
from transformers import AutoModel, AutoTokenizer

from markner.errors import MarknerError
from markner.models.embedding import embedding

TEXTS = [f"Patients with diabetes {'were followed ' * (number % 7)}." for number in range(150)]


def test_a_vector_is_the_mean_over_the_tokens_whatever_stands_beside_it(tmp_path: Path) -> None:
    folder = write_tiny_llama(tmp_path / "tiny")
    vectors = embedding(folder)(TEXTS)
    assert vectors.shape == (150, 48)
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    for number in (0, 5, 6, 149):
        with torch.inference_mode():
            states = model(**tokenizer(TEXTS[number], return_tensors="pt")).last_hidden_state
        np.testing.assert_allclose(vectors[number], states[0].mean(0).numpy(), atol=1e-5)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=str(tmp_path)):
        embedding(tmp_path)
