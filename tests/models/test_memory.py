"""The memory model against what autograd and the cache really hold, on small LLaMA models."""

from typing import Any

import pytest
import torch
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from markner.models.causal import prefix_attention
from markner.models.causal.memory import Shape, prediction_bytes, saved_bytes, step_bytes, training_bytes
from markner.models.causal.prefix_attention import row_tensors, use_prefix_attention
from markner.study.schema.systems import Decoding, Training

pytestmark = pytest.mark.usefixtures("one_thread")
VOCABULARY = 300


def config(hidden: int, intermediate: int, layers: int, key_heads: int) -> LlamaConfig:
    return LlamaConfig(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=8,
        num_key_value_heads=key_heads,
        vocab_size=VOCABULARY,
    )


def kept(model: LlamaForCausalLM, batch: dict[str, Any], autocast: bool) -> int:
    """Bytes of all tensors but parameters that autograd keeps in a forward pass."""
    parameters = {each.untyped_storage().data_ptr() for each in model.parameters()}
    found: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = model(**batch).loss
    assert loss is not None
    return sum(found.values())


def padded(rows: int, length: int) -> dict[str, Any]:
    ids = torch.randint(0, VOCABULARY, (rows, length))
    return {"input_ids": ids, "labels": ids}


def prefix_row(shared: int, rows: int, length: int) -> dict[str, Any]:
    ids = torch.randint(0, VOCABULARY, (1, shared + rows * length))
    positions = [torch.arange(shared), *[torch.arange(shared, shared + length)] * rows]
    row = {"input_ids": ids, "labels": ids, "position_ids": torch.cat(positions)[None]}
    return row | row_tensors(shared, [length] * rows)


@pytest.mark.parametrize("hidden, intermediate, key_heads", [(64, 160, 8), (128, 344, 8), (128, 512, 2), (256, 512, 4)])
@pytest.mark.parametrize("kind", ["grouped", "prefix", "checkpointed"])
@pytest.mark.parametrize("precision, processes", [("fp32", 1), ("bf16", 1), ("bf16", 4)])
def test_activations_are_what_autograd_keeps(
    hidden: int,
    intermediate: int,
    key_heads: int,
    kind: str,
    precision: Any,
    processes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What is measured on this CPU is what a GPU keeps.
    monkeypatch.setattr(prefix_attention, "_by_products", lambda query: False)
    training = Training(
        precision=precision,
        batching="prefix" if kind == "prefix" else "grouped",
        gradient_checkpointing=kind == "checkpointed",
    )
    shared, rows, length = 70, 6, 90
    tokens = shared + rows * length if kind == "prefix" else rows * length
    slots = rows * (shared + length)
    measured = []
    for layers in (2, 4):
        torch.manual_seed(1)
        model = LlamaForCausalLM(config(hidden, intermediate, layers, key_heads)).train()
        if processes > 1:
            model = model.to(torch.bfloat16)  # as FSDP's units compute
        if kind == "prefix":
            use_prefix_attention(model)
        if training.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        batch = prefix_row(shared, rows, length) if kind == "prefix" else padded(rows, length)
        measured.append(kept(model, batch, autocast=precision == "bf16" and processes == 1))
    # What two more layers add; embedding, last norm and logits are in both.
    shapes = [Shape.of_config(config(hidden, intermediate, layers, key_heads)) for layers in (2, 4)]
    predicted = [saved_bytes(shape, training, processes, tokens, slots) for shape in shapes]
    assert predicted[1] - predicted[0] == pytest.approx(measured[1] - measured[0], rel=0.05)


def test_a_layer_is_recomputed_when_its_activations_are_not_kept() -> None:
    shape = Shape.of_config(config(128, 344, 4, 8))
    one = saved_bytes(Shape.of_config(config(128, 344, 1, 8)), Training(), 4, 500, 0)
    checkpointed = Training(gradient_checkpointing=True)
    assert saved_bytes(shape, checkpointed, 4, 500, 0) == one + 4 * 500 * 128 * 2


def test_weights_and_cache_of_a_prediction_are_those_that_it_holds() -> None:
    shape = Shape.of_config(config(128, 344, 3, 2))
    model = LlamaForCausalLM(config(128, 344, 3, 2)).to(torch.bfloat16)
    cache = DynamicCache()
    with torch.inference_mode():
        model(input_ids=torch.zeros(5, 40, dtype=torch.long), past_key_values=cache, use_cache=True)
    layers: list[Any] = list(cache.layers)
    held = sum(states.nbytes for layer in layers for states in (layer.keys, layer.values))
    held += sum(weights.nbytes for weights in model.parameters())
    assert prediction_bytes(shape, Decoding(batch_size=5, precision="bf16"), 40) == held


def test_a_full_training_holds_sixteen_bytes_a_parameter() -> None:
    assert training_bytes(8e9, Training(), 4) == 32e9
    assert training_bytes(1e9, Training(method="lora"), 1) == 4.32e9


@pytest.mark.parametrize(
    "activations, measured",
    [(30.0e9, 56.3e9), (26.6e9, 52.2e9), (9.9e9, 36.1e9)],
    ids=["recipe of Alpaca", "padded", "shared prefix"],
)
def test_a_step_of_one_batch_takes_what_an_h100_held(activations: float, measured: float) -> None:
    """The peaks of docs/measured/gpu: 8 layers of the width of LLaMA-2-7B, batches of 32 in one process."""
    sizes = {"hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32, "num_key_value_heads": 32}
    shape = Shape.of_config(LlamaConfig(num_hidden_layers=8, vocab_size=49_152, tie_word_embeddings=False, **sizes))
    training = Training(batch_size=32, device_batch_size=32)
    assert step_bytes(shape, training, 1, activations) == pytest.approx(measured, rel=0.05)


def test_gradients_of_earlier_batches_are_held_beside_activations() -> None:
    shape, whole = Shape.of_parameters(7e9), Training(batch_size=32, device_batch_size=32)
    for held in (whole.model_copy(update={"batch_size": 64}), whole.model_copy(update={"method": "lora"})):
        assert step_bytes(shape, held, 1, 30e9) == training_bytes(7e9, held, 1) + 30e9
    assert step_bytes(shape, whole, 4, 30e9) == training_bytes(7e9, whole, 4) + 30e9
    assert step_bytes(shape, whole, 1, 1e9) == training_bytes(7e9, whole, 1), "the gradients alone are more"
