"""The encoder baseline (paper 3.2): a pretrained bidirectional model fine-tuned to tag words with B, I and O.

The recipe is that of Devlin et al. (2019) and Gu et al. (2021): a linear classifier on the last layer, labels on the
first piece of each word, AdamW, a learning rate that rises and then falls linearly, gradients clipped to norm 1.

This module does not use Hugging Face's Trainer, for two reasons. Grid points are selected by their dev loss: the
Trainer averages it over batches, so that it depends on the batches; here it is the mean over words. And the best epoch
is kept in memory, while the Trainer writes a checkpoint with the optimizer's state after each epoch.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    get_linear_schedule_with_warmup,
)

from markner.data.context import contexts
from markner.data.documents import Sentence, read_sentences
from markner.data.sampling import subset
from markner.errors import MarknerError
from markner.files import whole_folder, write_json
from markner.models.device import place
from markner.models.encoder.batches import (
    IGNORED,
    Encoded,
    Scored,
    collate,
    encode,
    join_windows,
    shuffled_batches,
    sorted_batches,
)
from markner.models.encoder.viterbi import LABELS
from markner.models.encoder.vocabulary import UsedVocabulary
from markner.models.weights import load_pretrained, load_tokenizer
from markner.predictions import Prediction, write_predictions
from markner.study.grid import Point, point_name
from markner.study.schema.systems import EncoderTraining

DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "dropout",
    "attention_dropout",
    "seq_classif_dropout",
)
"""Names of dropouts in the configurations of BERT-like models; each one that a model has is set."""

MAX_GRAD_NORM = 1.0
EVALUATION_BATCH = 64
"""Sentences that a model reads together when it tags and when it is evaluated."""

Precision = Literal["bf16", "fp32"]
Keep = Literal["highest-f1", "lowest-loss", "last"]


def train_point(
    weights: Path,
    train: Path,
    dev: Path,
    point: Point,
    settings: EncoderTraining,
    seed: int,
    output: Path,
    report: Path,
) -> None:
    """Train one grid point, and write the model of the epoch that `settings.keep` selects on dev.

    On a CPU the same seed and number of threads give the same bytes. The seed determines the initial classifier, the
    order of sentences, the dropout and the draw of `fraction`.

    The output folder has safetensors, configuration and tokenizer; it is complete or absent. The report is JSON:
    `point`; `epochs`, for each its `epoch`, `train_loss`, `dev_loss`, `dev_f1`; `best_epoch` with its `dev_loss` and
    `dev_f1`. Losses are mean cross entropies per word, and F1 is strict.

    Raises:
        MarknerError: no sentences, a longest input that the model cannot take, or a training that diverged.
    """
    torch.manual_seed(seed)
    tokenizer = load_tokenizer(weights)
    model = _pretrained(weights, point["dropout"])
    _check_length(model, point["max_length"], weights)
    sentences = list(read_sentences(train))
    dev_sentences = list(read_sentences(dev))
    around = contexts(sentences, settings.context)
    part = subset(len(sentences), settings.fraction, None, seed)
    rows = encode(
        [sentences[index] for index in part], tokenizer, point["max_length"], [around[index] for index in part]
    )
    dev_rows = encode(dev_sentences, tokenizer, point["max_length"], contexts(dev_sentences, settings.context))
    for path, encoded in ((train, rows), (dev, dev_rows)):
        if not encoded:
            raise MarknerError(f"{path}: no sentences left to learn from", "check the split's files and `fraction`")

    vocabulary = UsedVocabulary(model, {_pad(tokenizer), *(number for row in (*rows, *dev_rows) for number in row.ids)})
    decay, kept_decay = 1.0, 1.0
    steps = settings.epochs * math.ceil(len(rows) / point["batch_size"])
    optimizer = torch.optim.AdamW(_groups(model, settings.weight_decay), lr=point["learning_rate"], fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, round(steps * settings.warmup), steps)  # type: ignore[no-untyped-call]
    order = torch.Generator().manual_seed(seed)
    epochs: list[dict[str, Any]] = []
    best: dict[str, Any] = {}
    kept: dict[str, torch.Tensor] = {}
    with tqdm(total=steps, unit="step", desc=point_name(point)) as progress:
        for epoch in range(1, settings.epochs + 1):
            model.train()
            # In float64 on the device: a step does not wait for its loss.
            total, count = torch.zeros((), dtype=torch.float64, device=model.device), 0
            for chosen in shuffled_batches(rows, point["batch_size"], order):
                loss, _, words = _forward(model, chosen, tokenizer, settings.precision)
                (loss / max(words, 1)).backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM)
                decay *= 1 - optimizer.param_groups[0]["lr"] * settings.weight_decay
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                total += loss.detach()
                count += words
                progress.update()
            dev_loss, dev_f1 = evaluate(model, dev_rows, tokenizer, settings.precision)
            reached = {
                "epoch": epoch,
                "train_loss": total.item() / max(count, 1),
                "dev_loss": dev_loss,
                "dev_f1": dev_f1,
            }
            epochs.append(reached)
            progress.set_postfix(dev_loss=f"{dev_loss:.4f}", dev_f1=f"{dev_f1:.3f}")
            if math.isfinite(dev_loss) and (not best or _better(reached, best, settings.keep)):
                best, kept_decay = reached, decay
                kept = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    if not best:
        raise MarknerError(
            f"{point_name(point)}: the training diverged, no epoch has a finite dev loss",
            "lower `grid.learning_rate` or raise `warmup`",
        )
    model.load_state_dict(kept)
    vocabulary.restore(kept_decay)
    if settings.context != "none":
        model.config.sentence_context = settings.context
    with whole_folder(output) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    write_json(
        report,
        {
            "point": dict(point),
            "epochs": epochs,
            "best_epoch": best["epoch"],
            "dev_loss": best["dev_loss"],
            "dev_f1": best["dev_f1"],
        },
    )


def _better(new: dict[str, Any], best: dict[str, Any], keep: Keep) -> bool:
    if keep == "last":
        return True
    if keep == "lowest-loss":
        return bool(new["dev_loss"] < best["dev_loss"])
    return bool(new["dev_f1"] > best["dev_f1"])


def predict_encoder(model: Path, sentences: Path, output: Path, max_length: int) -> None:
    """Tag every sentence with a trained model in float32, and write the mentions to a prediction file.

    A sentence of more than `max_length` word pieces is read in windows (`markner.models.encoder.batches.encode`).

    Raises:
        MarknerError: the folder contains no tagger of this package, or `max_length` is more than the model takes.
    """
    tagger, tokenizer = load_trained(model, max_length), load_tokenizer(model)
    write_tags(tagger, tokenizer, sentences, output, max_length)


def write_tags(
    tagger: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentences: Path, output: Path, max_length: int
) -> None:
    """Tag every sentence with a model that gives scores of O, B and I, as `predict_encoder` does."""
    rows = encode_as_trained(list(read_sentences(sentences)), tagger, tokenizer, max_length)
    predictions = []
    for scored in tag_rows(tagger, tokenizer, rows, title=output.stem)[0]:
        spans, confidences = scored.mentions()
        predictions.append(Prediction(scored.sentence.id, spans, "ok", confidences=confidences))
    write_predictions(output, predictions)


def encode_as_trained(
    sentences: Sequence[Sentence], tagger: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[Encoded]:
    """Encode all sentences of some documents, in order, with the context that the model was trained with."""
    around = contexts(sentences, getattr(tagger.config, "sentence_context", "none"))
    return encode(sentences, tokenizer, max_length, around)


def tag_rows(
    tagger: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Encoded],
    precision: Precision = "fp32",
    title: str = "",
) -> tuple[list[Scored], float]:
    """Return the scores of each sentence's words, in the order of the sentences, and the mean cross entropy per word.

    With a title, show a progress bar.
    """
    total, count = 0.0, 0
    scores: dict[int, list[list[float]]] = {}
    for chosen in tqdm(sorted_batches(rows, EVALUATION_BATCH), unit="batch", desc=title, disable=not title):
        with torch.inference_mode():
            loss, logits, words = _forward(tagger, [rows[number] for number in chosen], tokenizer, precision)
        total += loss.item()
        count += words
        scores.update(zip(chosen, logits.tolist(), strict=True))
    return join_windows(rows, scores), total / max(count, 1)


def evaluate(
    model: PreTrainedModel,
    rows: Sequence[Encoded],
    tokenizer: PreTrainedTokenizerBase,
    precision: Precision,
) -> tuple[float, float]:
    """Return the mean cross entropy per word, and strict F1."""
    model.eval()  # type: ignore[no-untyped-call]
    tagged, loss = tag_rows(model, tokenizer, rows, precision)
    hits, predicted, gold = 0, 0, 0
    for scored in tagged:
        spans = scored.spans()
        hits += len(set(spans).intersection(scored.sentence.spans))
        predicted += len(spans)
        gold += len(scored.sentence.spans)
    return loss, 2 * hits / max(predicted + gold, 1)


def _forward(
    model: PreTrainedModel, rows: list[Encoded], tokenizer: PreTrainedTokenizerBase, precision: Precision
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Return the summed cross entropy, the float32 logits [rows, pieces, 3] and the number of labeled words."""
    batch = collate(rows, _pad(tokenizer), model.device)
    with torch.autocast(model.device.type, torch.bfloat16, enabled=precision == "bf16"):
        logits = model(input_ids=batch.ids, attention_mask=batch.mask).logits.float()
    loss = cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED, reduction="sum")
    return loss, logits, batch.words


def _pad(tokenizer: PreTrainedTokenizerBase) -> int:
    return int(tokenizer.pad_token_id or 0)


def _pretrained(folder: Path, dropout: float) -> PreTrainedModel:
    """Return a pretrained encoder in float32 with a new random classifier."""
    fix = "name a BERT-like model in the run's `model`"
    config = load_pretrained(AutoConfig, folder, "an encoder", fix)
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: number for number, label in enumerate(LABELS)}
    known = [name for name in DROPOUTS if hasattr(config, name)]
    if not known:
        raise MarknerError(f"{folder}: its config.json names no dropout, so it cannot be set")
    for name in known:
        setattr(config, name, dropout)
    model: PreTrainedModel = load_pretrained(
        AutoModelForTokenClassification, folder, "an encoder", fix, config=config, dtype=torch.float32
    )
    place(model)
    return model


def load_trained(folder: Path, max_length: int) -> PreTrainedModel:
    """Load a model that `train_point` wrote, in evaluation mode, for inputs of at most `max_length` word pieces.

    Raises:
        MarknerError: the folder contains no tagger of this package, or `max_length` is more than the model takes.
    """
    model, loading = load_pretrained(
        AutoModelForTokenClassification, folder, "an encoder", dtype=torch.float32, output_loading_info=True
    )
    place(model)
    if model.config.id2label != dict(enumerate(LABELS)):
        raise MarknerError(f"{folder}: its labels are {model.config.id2label}, not {LABELS}", "train the point again")
    if missing := ", ".join(sorted(loading["missing_keys"])):
        raise MarknerError(f"{folder}: its weights lack {missing}", "train the point again")
    _check_length(model, max_length, folder)
    trained: PreTrainedModel = model
    return trained


def _check_length(model: PreTrainedModel, max_length: int, folder: Path) -> None:
    positions = getattr(model.config, "max_position_embeddings", None)
    for name, module in model.named_modules():
        if positions is not None and name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa counts positions from behind that of its padding.
            positions -= 0 if module.padding_idx is None else module.padding_idx + 1
    if positions is not None and max_length > positions:
        raise MarknerError(
            f"grid.max_length {max_length} is more than the {positions} positions of the model in {folder}",
            f"use {positions} or less",
        )


def _groups(model: PreTrainedModel, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameter groups: matrices with weight decay, biases and norms without (Devlin et al. 2019)."""
    parameters = list(model.parameters())
    return [
        {"params": [value for value in parameters if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for value in parameters if value.ndim <= 1], "weight_decay": 0.0},
    ]
