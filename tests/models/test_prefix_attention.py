"""The attention of a row by matrix products is the library's, to the rounding of 16-bit numbers."""

import pytest
import torch

from markner.models.causal.prefix_attention import _attend, _by_products, row_tensors

SHARED, LENGTHS = 11, [7, 3, 12, 5]


def states(shared: int, heads: int) -> torch.Tensor:
    return torch.randn(1, heads, shared + sum(LENGTHS), 16, requires_grad=True)


@pytest.mark.parametrize("shared", [0, SHARED])
@pytest.mark.parametrize("heads, key_heads", [(4, 4), (6, 2)])
@pytest.mark.parametrize("scaling", [None, 0.3])
def test_products_give_the_attention_and_its_gradients(
    shared: int, heads: int, key_heads: int, scaling: float | None
) -> None:
    torch.manual_seed(1)
    given = [states(shared, heads), states(shared, key_heads), states(shared, key_heads)]
    rows = row_tensors(shared, LENGTHS)
    gradient = torch.randn(1, shared + sum(LENGTHS), heads, 16)

    def computed(dtype: torch.dtype) -> list[torch.Tensor]:
        for each in given:
            each.grad = None
        assert _by_products(given[0].to(dtype)) == (dtype == torch.bfloat16)
        attended, _ = _attend(torch.nn.Identity(), *(each.to(dtype) for each in given), **rows, scaling=scaling)
        attended.backward(gradient.to(dtype))
        return [attended.detach().float(), *(each.grad for each in given if each.grad is not None)]

    exact, rounded = computed(torch.float32), computed(torch.bfloat16)
    assert len(exact) == len(rounded) == 4
    for one, other in zip(exact, rounded, strict=True):
        assert one.shape == other.shape
        assert (one - other).norm() < 0.01 * one.norm()


def test_autocast_counts_as_16_bits() -> None:
    query = torch.randn(1, 2, 3, 4)
    assert not _by_products(query)
    with torch.autocast("cpu", torch.bfloat16):
        assert _by_products(query)
