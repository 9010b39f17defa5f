"""A small model enlarged for benchmarks at the shape of 7B gives the same logits."""

import sys

import pytest
import torch
from conftest import ROOT
from transformers import LlamaConfig, LlamaForCausalLM

sys.path.insert(0, str(ROOT / "bench"))

from gpu.grown import grown
from gpu.shapes import LLAMA_7B, Size, slightly_larger

from markner.study.schema.systems import Training


def small(tied: bool) -> LlamaForCausalLM:
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            num_hidden_layers=3,
            hidden_size=96,
            intermediate_size=160,
            num_attention_heads=6,
            num_key_value_heads=2,
            vocab_size=300,
            tie_word_embeddings=tied,
            rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        )
    ).eval()
    for name, parameter in model.named_parameters():
        parameter.data.uniform_(0.5, 1.5) if "norm" in name else parameter.data.normal_(0, 0.2)
    return model


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    "size",
    [
        Size("wider", 3, 192, 160, 6, 300),
        Size("larger", 5, 256, 300, 8, 1024),
        slightly_larger(small(tied=True).config),
    ],
    ids=lambda size: size.name,
)
def test_an_enlarged_model_has_the_logits_of_the_small_one(size: Size, tied: bool) -> None:
    model = small(tied)
    ids = torch.randint(0, 300, (2, 40))
    with torch.no_grad():
        expected, logits = model(ids).logits, grown(model, size, torch.float32)(ids).logits
    assert logits.shape == expected.shape
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-4)


def test_a_shape_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        grown(small(True), Size("few layers", 2, 256, 300, 8, 300), torch.float32)


def test_as_many_layers_as_fit_are_trained() -> None:
    training = Training(batch_size=8, device_batch_size=8, max_length=256)
    on_80_gb = LLAMA_7B.that_fits(training, 75e9)
    assert 0 < on_80_gb.layers < LLAMA_7B.layers
    assert on_80_gb.training_peak(training) <= 75e9
    assert LLAMA_7B.that_fits(training, 1e12) == LLAMA_7B
    with pytest.raises(ValueError, match="one layer"):
        LLAMA_7B.that_fits(training, 1e9)
