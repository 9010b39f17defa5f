"""Write the folder of a tuned model to publish: weights, and a card of data, settings, scores and licence."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from markner.files import read_json, whole_folder
from markner.reporting.hub.readme import licence_of, opening_marks, write_card
from markner.reporting.params import ModelCardParams


def write_model(
    folder: Path, model: Path, cost: Path, scores: Mapping[str, Path], template: Path, params: ModelCardParams
) -> None:
    """Write the folder of a tuned model that `from_pretrained` and servers load and the hub shows.

    Args:
        folder: The folder: the model's files, and `README.md`. Whole or absent. Files are hard links where the file
            system has them, so that the weights are stored once.
        model: The tuned model.
        cost: The cost file of its training (`costs/<run>/seed<k>.json`).
        scores: Its score file by corpus.
        template: Of the card's text.
        params: The facts of the model.
    """
    read = {corpus: read_json(path) for corpus, path in scores.items()}
    base = params.base
    name = base.get("id") or base["name"]
    data = ModelCardData(
        language="en",
        license=licence_of(params.published.licence, [base.get("licence", "")]),
        library_name="transformers",
        pipeline_tag="text-generation",
        base_model=base.get("id"),
        tags=["biomedical", "named-entity-recognition", "instruction-tuning", "markner"],
        model_name=params.name,
        eval_results=[
            EvalResult(
                task_type="token-classification",
                task_name="Named entity recognition, strict match",
                dataset_type=corpus,
                dataset_name=params.evaluate[corpus],
                dataset_split="test",
                metric_type=metric,
                metric_value=score["strict"][metric],
            )
            for corpus, score in read.items()
            for metric in ("precision", "recall", "f1")
        ],
    )
    card_facts = {
        **dict(params),
        "opening_marks": opening_marks(params.all_marks),
        "base_name": name,
        "scores": read,
        "cost": read_json(cost),
    }
    with whole_folder(folder) as partial:
        for path in sorted(model.iterdir()):
            _link(path, partial / path.name)
        write_card(partial / "README.md", data, template, card_facts)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
