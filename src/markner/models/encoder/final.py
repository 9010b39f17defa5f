"""The final model of an encoder: trained on train and dev together, with the settings that were chosen on dev."""

from pathlib import Path

from markner.data.documents import read_sentences, write_sentences
from markner.files import read_json, whole_folder, write_json
from markner.models.encoder.train import train_point
from markner.study.grid import Point
from markner.study.schema.systems import EncoderTraining


def train_final(
    weights: Path, train: Path, dev: Path, selection: Path, settings: EncoderTraining, seed: int, output: Path
) -> None:
    """Train the selected point on both splits, for as many epochs as were best on dev; the last epoch is kept.

    The learning rate falls over these epochs. `fraction` draws from the sentences of both splits. `selection` is what
    `grid.select` wrote. The output folder has `model` and `final.json`: the grid point and `epochs`. It is complete or
    absent.

    Raises:
        MarknerError: as `train_point`.
    """
    chosen = read_json(selection)
    summary = next(each for each in chosen["points"] if each["name"] == chosen["selected"])
    point = Point(**{name: summary[name] for name in Point.__annotations__})  # type: ignore[typeddict-item]
    epochs = int(summary["best_epoch"])
    last = settings.model_copy(update={"epochs": epochs, "keep": "last"})
    with whole_folder(output) as folder:
        both = folder / "both.jsonl"
        write_sentences(both, [*read_sentences(train), *read_sentences(dev)])
        # The report would call a loss on learned sentences that of dev.
        train_point(weights, both, dev, point, last, seed, folder / "model", folder / "report.json")
        both.unlink()
        (folder / "report.json").unlink()
        write_json(folder / "final.json", {"point": point, "epochs": epochs})
