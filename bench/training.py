"""Instruction tuning with one shared prefix a batch against the recipe of Stanford Alpaca, in one run.

python bench/training.py WEIGHTS INSTRUCTIONS [STEPS] [PRECISION]

Both train a model of their own from the same weights, on the same examples in every step, with the same optimiser and
precision, and take their steps in turn. The peer does what Alpaca's `train.py` does: a random batch padded on the right
to its longest example, labels -100 on the prompt, the model's own loss over all positions; with the library's default
attention and with its `eager` one, which is faster in bfloat16 on a CPU. The faster of the two counts.
"""

import sys
import time
from pathlib import Path
from typing import Any

import torch
from report import spread, write
from torch.nn.utils.rnn import pad_sequence

from markner.data.instructions import read_instances
from markner.models.causal.batching import Order, pad, share_prefix
from markner.models.causal.examples import Example, build_examples
from markner.models.causal.prefix_attention import use_prefix_attention
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.corpora import Prompt
from markner.study.schema.systems import Training

BATCH = 8
_PEERS = ("Alpaca recipe", "Alpaca recipe, eager attention")


def alpaca(examples: list[Example], padding: int) -> dict[str, torch.Tensor]:
    """Alpaca's DataCollatorForSupervisedDataset."""
    ids = [torch.tensor(example.prompt + example.answer) for example in examples]
    labels = [torch.tensor([-100] * len(example.prompt) + example.answer) for example in examples]
    lengths = torch.tensor([len(example) for example in examples])
    padded = pad_sequence(ids, batch_first=True, padding_value=padding)
    mask = torch.arange(padded.shape[1])[None] < lengths[:, None]
    return {"input_ids": padded, "labels": pad_sequence(labels, True, -100), "attention_mask": mask.long()}


def take_step(model: Any, batch: dict[str, torch.Tensor], optimizer: torch.optim.Optimizer, bf16: bool) -> float:
    """Take an optimizer step on a batch and return its loss."""
    with torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        loss = model(**batch, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss)


def main(weights: str, instructions: str, steps: str = "12", precision: str = "bf16") -> None:
    """Measure and write docs/measured/bench/training.*"""
    tokenizer = load_tokenizer(Path(weights))
    training = Training(batch_size=BATCH, device_batch_size=BATCH, batching="padded")
    examples, _ = build_examples(read_instances(instructions), Prompt().template, tokenizer, training)
    order = [index for epoch in range(int(steps)) for index in Order(examples, training, 1).indices(epoch)]
    padding = int(tokenizer.pad_token_id or 0)
    collate = {
        _PEERS[0]: lambda part: alpaca(part, padding),
        _PEERS[1]: lambda part: alpaca(part, padding),
        "padded, answers' columns only": lambda part: pad(part, padding),
        "shared prefix": share_prefix,
    }
    models: dict[str, Any] = {
        name: load_causal(Path(weights), torch.float32, "eager" if name == _PEERS[1] else "sdpa") for name in collate
    }
    use_prefix_attention(models["shared prefix"])
    optimizers = {name: torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True) for name, model in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in collate}
    losses: dict[str, list[float]] = {name: [] for name in collate}
    slots = dict.fromkeys(collate, 0)
    for step in range(int(steps)):
        part = [examples[index] for index in order[step * BATCH : (step + 1) * BATCH]]
        for name, model in models.items():
            model.train()
            begun = time.perf_counter()
            batch = collate[name](part)
            loss = take_step(model, batch, optimizers[name], precision == "bf16")
            if step >= 2:  # the first steps touch memory for the first time
                seconds[name].append(time.perf_counter() - begun)
            losses[name].append(loss)
            slots[name] += batch["input_ids"].numel()
    peer, best = losses[_PEERS[0]], min(sum(seconds[name]) for name in _PEERS)
    write(
        "training",
        "Tuning SmolLM2-135M on the same examples in the same steps",
        [
            {
                "way": name,
                "examples/s": round(BATCH * len(times) / sum(times), 3),
                "x Alpaca": round(best / sum(times), 2),
                "slots/step": round(slots[name] / int(steps)),
                "largest difference of loss": f"{max(abs(a - b) for a, b in zip(losses[name], peer, strict=True)):.1e}",
                "last loss": round(losses[name][-1], 5),
                **spread(times),
            }
            for name, times in seconds.items()
        ],
        steps=int(steps),
        batch=BATCH,
        precision=precision,
        threads=torch.get_num_threads(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
