"""Token classifiers that somebody else has trained: their labels as B, I and O."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel

from markner.errors import MarknerError
from markner.models.device import place
from markner.models.encoder.train import write_tags
from markner.models.encoder.viterbi import IMPOSSIBLE
from markner.models.weights import load_pretrained, load_tokenizer
from markner.tags import Tag

LONGEST = 512
"""Most word pieces that a tagger reads, also if its configuration names no limit, or a larger one."""
_PREFERENCE = 1e-3


def predict_ready(model: Path, labels: Mapping[str, Tag], sentences: Path, output: Path) -> None:
    """Tag every sentence with a token classifier, and write the mentions to a prediction file.

    A word has the label of its first piece, as the taggers of this package have. `labels` has tags by label of the
    classifier; all other labels are `O`.

    Raises:
        MarknerError: the folder contains no trained token classifier, or it has not these labels.
    """
    tokenizer = load_tokenizer(model)
    tagger = load_ready(model, labels)
    positions = getattr(tagger.config, "max_position_embeddings", None) or LONGEST
    write_tags(tagger, tokenizer, sentences, output, min(positions, tokenizer.model_max_length, LONGEST))


def load_ready(folder: Path, labels: Mapping[str, Tag]) -> PreTrainedModel:
    """Load a token classifier in evaluation mode. It returns log probabilities of O, B and I for each piece.

    The probability of a tag is the sum over its labels. If no label is `B` (IO labels), that of `I` is shared by both,
    so that a mention begins wherever one can.

    Raises:
        MarknerError: the folder contains no trained token classifier, or it has not these labels.
    """
    model, loading = load_pretrained(
        AutoModelForTokenClassification,
        folder,
        "a token classifier",
        dtype=torch.float32,
        output_loading_info=True,
    )
    if missing := ", ".join(sorted(loading["missing_keys"])):
        raise MarknerError(
            f"{folder}: holds no trained token classifier: {missing} would be random",
            "name a model that was saved with its classifier, or train one with `system: encoder` and a `corpus`",
        )
    names: dict[int, str] = {int(number): str(name) for number, name in model.config.id2label.items()}
    unknown = sorted(labels.keys() - set(names.values()))
    if unknown:
        raise MarknerError(
            f"{folder}: has no label {', '.join(unknown)}; it has {', '.join(names.values())}", "correct `labels`"
        )
    columns = {tag: [number for number, name in names.items() if labels.get(name, "O") == tag] for tag in "OBI"}
    if not columns["O"]:
        raise MarknerError(f"{folder}: each of its labels is part of a mention", "leave the label of no mention out")

    def mapped(_module: torch.nn.Module, _inputs: Any, output: Any) -> Any:
        scores = output.logits.float().log_softmax(dim=-1)
        summed = [scores[..., columns[tag]].logsumexp(dim=-1) for tag in "OBI" if columns[tag]]
        if not columns["I"]:
            summed.append(torch.full_like(summed[0], IMPOSSIBLE))
        elif not columns["B"]:
            # The small difference lets a mention go on rather than begin anew at each word.
            half = summed[1] - math.log(2)
            summed = [summed[0], half - _PREFERENCE, half + _PREFERENCE]
        output.logits = torch.stack(summed, dim=-1)
        return output

    model.register_forward_hook(mapped)
    place(model)
    tagger: PreTrainedModel = model
    return tagger
