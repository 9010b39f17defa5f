"""Linear layers in float32 on a CPU, computed by oneDNN.

torch computes them by MKL, which uses AVX-512 on Intel's processors only; on AMD's, oneDNN is more than twice as fast.
In 16 bits torch uses oneDNN itself. For float32 there is no public switch (`torch.backends.mkldnn` can only lower the
precision), so this calls the operator that torch's compiler puts in place of linear layers. Where a build of torch
lacks it, nothing changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import linear

_AVAILABLE = hasattr(torch.ops.mkldnn, "_linear_pointwise")


def use_onednn(model: torch.nn.Module) -> None:
    """Let the linear layers of a model be computed by oneDNN wherever their input is float32 on a CPU.

    Weights, their names and the classes that libraries look for stay; results differ by rounding.
    """
    if not _AVAILABLE:
        return
    for module in model.modules():
        if type(module) is torch.nn.Linear:
            module.__class__ = OneDnnLinear


def uses_onednn(model: torch.nn.Module) -> bool:
    """Return whether oneDNN computes linear layers of a model, given input of its parameters' type."""
    return any(
        type(module) is OneDnnLinear and module.weight.dtype == torch.float32 and module.weight.is_cpu
        for module in model.modules()
    )


@contextmanager
def layers_of_torch(model: torch.nn.Module) -> Iterator[None]:
    """Let torch compute the linear layers of a model in a block, as without `use_onednn`."""
    layers = [module for module in model.modules() if type(module) is OneDnnLinear]
    for layer in layers:
        layer.__class__ = torch.nn.Linear  # type: ignore[assignment]
    try:
        yield
    finally:
        for layer in layers:
            layer.__class__ = OneDnnLinear


class OneDnnLinear(torch.nn.Linear):
    """A linear layer that is computed by oneDNN if its input and weights are float32 on a CPU."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return `input` [..., in] times the weights, plus the bias: [..., out]."""
        single = input.dtype == self.weight.dtype == torch.float32
        if not (single and input.is_cpu and input.numel()) or torch.is_autocast_enabled("cpu"):
            return linear(input, self.weight, self.bias)
        product: torch.Tensor = _Product.apply(input, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return product


class _Product(torch.autograd.Function):
    """`linear` with its gradients: three products of oneDNN."""

    @staticmethod
    def forward(ctx: Any, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(input, weight)
        return _product(input, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        input, weight = ctx.saved_tensors
        rows = gradients[0].reshape(-1, weight.shape[0])
        wanted = ctx.needs_input_grad
        return (
            _product(rows, weight.t()).view(input.shape) if wanted[0] else None,
            _product(rows.t(), input.reshape(-1, weight.shape[1]).t()) if wanted[1] else None,
            rows.sum(0) if wanted[2] else None,
        )


def _product(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(input, weight, bias, "none", [], "")
    return product
