"""Linear layers by oneDNN: the values and gradients of torch's, and only where they are float32 on a CPU."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_encoder import tiny_encoder
from tiny_llama import write_tiny_llama
from torch.profiler import ProfilerActivity, profile

from markner.models.device import place
from markner.models.embedding import embedding
from markner.models.linear import OneDnnLinear, layers_of_torch, use_onednn, uses_onednn
from markner.models.weights import load_causal

ONEDNN = "mkldnn::_linear_pointwise"
on_a_cpu = pytest.mark.skipif(torch.cuda.is_available(), reason="`place` moves models to the GPU")


def operators(call: Any) -> set[str]:
    """Names of torch's operators that a call runs."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        call()
    return {event.key for event in seen.key_averages()}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(7, 24), (2, 5, 24), (1, 24), (2, 0, 24)])
def test_values_and_gradients_are_those_of_torch(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    plain = torch.nn.Linear(24, 40, bias=bias)
    layer = deepcopy(plain)
    use_onednn(layer)
    assert type(layer) is OneDnnLinear
    weights = torch.randn(*shape[:-1], 40)
    results = []
    for each in (plain, layer):
        rows = torch.randn(shape, generator=torch.Generator().manual_seed(1), requires_grad=True)
        output = each(rows)
        (output * weights).sum().backward()
        results.append([output, rows.grad, *(parameter.grad for parameter in each.parameters())])
    for expected, actual in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


def test_gradients_that_nobody_wants_are_not_computed() -> None:
    layer = torch.nn.Linear(24, 40)
    use_onednn(layer)
    layer.weight.requires_grad_(False)
    rows = torch.randn(3, 24, requires_grad=True)
    layer(rows).sum().backward()
    assert rows.grad is not None and layer.bias.grad is not None and layer.weight.grad is None


def test_a_layer_of_gradients_that_are_not_contiguous() -> None:
    layer = torch.nn.Linear(6, 4)
    use_onednn(layer)
    rows = torch.randn(5, 3, 6, requires_grad=True)
    layer(rows).sum().backward()  # the gradient of a sum is one number, expanded
    torch.testing.assert_close(rows.grad, layer.weight.sum(0).expand(5, 3, 6))


def test_16_bits_and_autocast_are_left_to_torch() -> None:
    plain = torch.nn.Linear(24, 40)
    layer = deepcopy(plain)
    use_onednn(layer)
    rows = torch.randn(7, 24)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(rows), plain(rows))
        assert ONEDNN not in operators(lambda: layer(rows))
    assert torch.equal(layer.bfloat16()(rows.bfloat16()), plain.bfloat16()(rows.bfloat16()))


def test_in_a_block_torch_computes_them() -> None:
    layer = torch.nn.Linear(24, 40)
    assert not uses_onednn(layer)
    use_onednn(layer)
    rows = torch.randn(7, 24)
    assert uses_onednn(layer)
    with pytest.raises(RuntimeError, match="broken"), layers_of_torch(layer):
        assert not uses_onednn(layer) and ONEDNN not in operators(lambda: layer(rows))
        raise RuntimeError("broken")
    assert uses_onednn(layer) and ONEDNN in operators(lambda: layer(rows))
    assert not uses_onednn(layer.bfloat16())


@on_a_cpu
def test_models_of_this_package_use_it_on_a_cpu(tmp_path: Path) -> None:
    model: Any = load_causal(write_tiny_llama(tmp_path / "llama"), torch.float32)
    ids = torch.tensor([[5, 6, 7]])
    expected = model(input_ids=ids).logits
    assert ONEDNN not in operators(lambda: model(input_ids=ids))
    place(model)
    torch.testing.assert_close(model(input_ids=ids).logits, expected, rtol=1e-4, atol=1e-4)
    assert ONEDNN in operators(lambda: model(input_ids=ids))
    embed = embedding(tiny_encoder(tmp_path / "bert"))
    assert ONEDNN in operators(lambda: embed(["colitis"]))


@on_a_cpu
def test_a_saved_model_does_not_know_of_it(tmp_path: Path) -> None:
    model: Any = load_causal(write_tiny_llama(tmp_path / "llama"), torch.float32)
    model.save_pretrained(tmp_path / "before")
    place(model)
    model.save_pretrained(tmp_path / "after")
    names = sorted(path.name for path in (tmp_path / "before").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "after").iterdir())
    for name in names:
        assert (tmp_path / "before" / name).read_bytes() == (tmp_path / "after" / name).read_bytes()


@on_a_cpu
def test_adapters_on_such_layers(tmp_path: Path) -> None:
    model: Any = load_causal(write_tiny_llama(tmp_path / "llama"), torch.float32)
    place(model)
    adapted: Any = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
    ids = torch.tensor([[5, 6, 7]])
    adapted(input_ids=ids, labels=ids).loss.backward()
    trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    assert trained and all(parameter.grad is not None for parameter in trained)
    assert ONEDNN in operators(lambda: adapted(input_ids=ids))
