"""Write an instruction set as a Hugging Face dataset folder, with a card and Croissant metadata."""

import hashlib
from pathlib import Path

from huggingface_hub import DatasetCardData

from markner.files import read_json, whole_folder, write_json, write_jsonl
from markner.reporting.hub.croissant import croissant
from markner.reporting.hub.readme import licence_of, opening_marks, write_card
from markner.reporting.params import InstructionSetCardParams
from markner.study.describe import listed

DATA = "data/train.jsonl"
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_SIZE_NAMES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M")


def write_dataset(folder: Path, instructions: Path, template: Path, params: InstructionSetCardParams) -> None:
    """Write the folder of a data set that `datasets.load_dataset` reads and the hub shows.

    Args:
        folder: The folder: `README.md` (card), `data/train.jsonl`, `croissant.json`. Whole or absent.
        instructions: The instruction set, a JSON list of `instruction`, `input`, `output`.
        template: Of the card's text.
        params: The facts of the instruction set.
    """
    rows = read_json(instructions)
    with whole_folder(folder) as partial:
        write_jsonl(partial / DATA, rows)
        content = (partial / DATA).read_bytes()
        marks = [sum(str(row["output"]).count(opening) for opening, _ in params.all_marks.pairs) for row in rows]
        kept = [licence for corpus in params.corpora.values() for licence in corpus.licences or [""]]
        data = DatasetCardData(
            language="en",
            license=licence_of(params.published.licence, kept),
            task_categories=["token-classification", "text-generation"],
            size_categories=[_SIZE_NAMES[sum(len(rows) >= size for size in _SIZES)]],
            tags=["biomedical", "named-entity-recognition", "instruction-tuning", "markner"],
            pretty_name=params.name,
            configs=[{"config_name": "default", "data_files": [{"split": "train", "path": DATA}]}],
        )
        card_facts = {
            **dict(params),
            "opening_marks": opening_marks(params.all_marks),
            "columns": listed([f"`{name}`" for name in rows[0]], "and"),
            "rows": f"{len(rows):,}",
            "marked": f"{sum(count > 0 for count in marks):,}",
            "mentions": f"{sum(marks):,}",
            "sha256": hashlib.sha256(instructions.read_bytes()).hexdigest(),
        }
        write_card(partial / "README.md", data, template, card_facts)
        digest = hashlib.sha256(content).hexdigest()
        write_json(partial / "croissant.json", croissant(params, DATA, digest, len(content), rows[0]))
