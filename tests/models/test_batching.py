"""Tests of `markner.models.causal.batching`."""

from pathlib import Path

import pytest
import torch
from tiny_llama import INSTANCES, TEMPLATE, write_tiny_llama

from markner.data.instructions import Instance
from markner.models.causal.batching import Batch, Order, common_prefix, pad, share_prefix
from markner.models.causal.examples import Example, build_examples
from markner.models.causal.prefix_attention import use_prefix_attention
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.systems import Training


def test_every_order_holds_each_example_once_and_depends_on_seed_and_epoch() -> None:
    examples = [Example([1] * (5 + 7 * n % 31), [2]) for n in range(103)]
    for batching in ("padded", "grouped", "prefix"):
        training = Training(batching=batching, batch_size=8, device_batch_size=4)
        order = Order(examples, training, 1)
        assert sorted(order.indices(0)) == list(range(103))
        assert order.indices(0) == Order(examples, training, 1).indices(0)
        assert order.indices(0) != order.indices(1)
        assert order.indices(0) != Order(examples, training, 2).indices(0)
        order.set_epoch(1)
        assert list(order) == order.indices(1)


def test_prefix_groups_inside_a_step_and_leaves_the_steps_random() -> None:
    examples = [Example([n % 2, n], [2]) for n in range(64)]
    random = Order(examples, Training(batching="padded", batch_size=16, device_batch_size=8), 1).indices(0)
    prefix = Order(examples, Training(batching="prefix", batch_size=16, device_batch_size=8), 1).indices(0)
    assert random != prefix
    for start in range(0, 64, 16):
        assert set(random[start : start + 16]) == set(prefix[start : start + 16])
        kinds = [{n % 2 for n in prefix[first : first + 8]} for first in (start, start + 8)]
        assert min(map(len, kinds)) == 1


def test_grouped_batches_are_of_similar_length_but_not_in_order() -> None:
    lengths = [5 + 7 * n % 97 for n in range(400)]
    examples = [Example([1] * length, [2]) for length in lengths]
    order = Order(examples, Training(batching="grouped", batch_size=8, device_batch_size=8), 1).indices(0)
    batches = [[lengths[n] for n in order[first : first + 8]] for first in range(0, 400, 8)]
    assert max(max(batch) - min(batch) for batch in batches) <= 4
    longest = [max(batch) for batch in batches]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)


def test_tokens_count_real_tokens_by_step() -> None:
    examples = [Example([1] * n, [2]) for n in range(1, 11)]
    order = Order(examples, Training(batching="padded", batch_size=4, device_batch_size=2), 1)
    lengths = [len(examples[n]) for n in order.indices(0)]
    assert order.tokens(0) == [sum(lengths[:4]), sum(lengths[:8]), sum(lengths)]


def test_supervised_columns_predict_the_answers() -> None:
    examples = [Example([5, 6, 7], [8, 2]), Example([5, 6], [9, 9, 2]), Example([5, 6, 4, 4], [2])]
    padded = pad(examples, 2)
    assert padded["input_ids"].tolist() == [[5, 6, 7, 8, 2], [5, 6, 9, 9, 2], [5, 6, 4, 4, 2]]
    assert padded["labels"].tolist() == [[-100, 8, 2], [9, 9, 2], [-100, -100, 2]]
    assert padded["logits_to_keep"].tolist() == [1, 2, 3]
    shared = share_prefix(examples)
    # One token is shared, not two: the last prompt token of the second example predicts its answer.
    assert shared["input_ids"].tolist() == [[5, 6, 7, 8, 2, 6, 9, 9, 2, 6, 4, 4, 2]]
    assert shared["position_ids"].tolist() == [[0, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]]
    following = shared["input_ids"][0, shared["logits_to_keep"] + 1]
    assert following.tolist() == shared["labels"][0].tolist() == [8, 2, 9, 9, 2, 2]
    # Every example sees the one shared token, and itself up to each token.
    assert shared["attention_mask"].shape == (1, 1, 4, 5)
    assert shared["attention_mask"].sum(-1).flatten().tolist() == [2, 3, 4, 5]
    assert shared["own_tokens"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert shared["own_slots"].tolist() == list(range(12))


def test_padding_is_masked() -> None:
    batch = pad([Example([5], [2]), Example([5, 6, 7], [2])], 2)
    assert batch["attention_mask"].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert batch["position_ids"].tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]


def test_common_prefix() -> None:
    assert common_prefix([[1, 2, 3], [1, 2, 4], [1, 2]]) == 2
    assert common_prefix([[1, 2]]) == 2
    assert common_prefix([[1], [2]]) == 0
    assert common_prefix([[], [2]]) == 0


@pytest.mark.parametrize("instructions", [1, 3, 7])
def test_all_ways_give_the_same_loss_and_gradient(tmp_path: Path, instructions: int) -> None:
    """Both batches against one example at a time, without any padding or mask, in float32."""
    folder = write_tiny_llama(tmp_path)
    model = load_causal(folder, torch.float32)
    rows = [
        Instance(f"{row.instruction} {'!' * (n % instructions)}", row.input, row.output)
        for n, row in enumerate(INSTANCES)
    ]
    examples, _ = build_examples(rows, TEMPLATE, load_tokenizer(folder), Training())
    supervised = sum(len(example.answer) for example in examples)

    def gradient(batches: list[Batch]) -> tuple[float, torch.Tensor]:
        model.zero_grad()
        total = 0.0
        for batch in batches:
            loss = model(**batch, num_items_in_batch=torch.tensor(supervised)).loss
            loss.backward()
            total += loss.item()
        return total, torch.cat([parameter.grad.flatten() for parameter in model.parameters()])  # type: ignore[union-attr]

    single = []
    for example in examples:
        ids = torch.tensor([example.prompt + example.answer])
        labels = ids.clone()
        labels[:, : len(example.prompt)] = -100
        single.append({"input_ids": ids, "labels": labels})
    loss, exact = gradient(single)
    for batch in (pad(examples, 0), share_prefix(examples)):
        if "own_tokens" in batch:
            use_prefix_attention(model)
        assert int(batch["labels"].ne(-100).sum()) == supervised
        other, approximate = gradient([batch])
        assert other == pytest.approx(loss, rel=1e-5)
        assert float((approximate - exact).norm() / exact.norm()) < 1e-4
