"""The dataset card: the counts of each split beside the counts in the paper."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from markner.data.documents import read_sentences
from markner.data.splits import counts_path
from markner.files import read_json, write_csv_rows, write_text
from markner.study.schema.corpora import AnnotationScheme, CorpusFiles, PaperCounts, Variant

COLUMNS = (
    "corpus",
    "split",
    "variant",
    "annotation_scheme",
    "instances",
    "mentions",
    "empty",
    "marked",
    "paper_instances",
    "paper_mentions",
    "paper_empty",
    "difference",
    "explanation",
    "documents",
    "crossing",
    "overlapping",
    "discontinuous",
    "ignored",
    "repeated_documents",
    "duplicate_sentences",
    "shared_with_training",
)
Row = dict[str, Any]
"""By column; a missing column is empty."""
_COUNTED = ("instances", "mentions", "empty")


def write_card(
    study_name: str, corpora: Mapping[str, CorpusFiles], folder: Path, csv_path: Path, md_path: Path
) -> None:
    """Write the dataset card of a study as CSV and as Markdown: a row for each corpus, split, variant and scheme.

    `folder` holds `<corpus>/<variant>/<split>.jsonl` and the counts beside each. Columns:

    - `instances`, `mentions`, `empty`: sentences, annotated mentions (`released`: closing tags) and sentences without a
      mention, as the paper counts them (section 4).
    - `marked`: gold spans after overlaps are resolved.
    - `difference`: our counts minus the paper's, if they differ.
    - `shared_with_training`: sentences whose exact text is another sentence of a training split of the same variant.

    The tokenized variant has no documents.
    """
    rows: list[Row] = []
    training = {variant: _training_texts(corpora, folder, variant) for variant in ("tokenized", "raw")}
    for name, corpus in corpora.items():
        for variant in corpus.variants():
            source = corpus.source(variant)
            for split in source.splits() if source is not None else ():
                path = folder / name / variant / f"{split}.jsonl"
                counts = read_json(counts_path(path))
                # The texts of the training splits contain each sentence of a training split once.
                own = 1 if split == "train" else 0
                sentences = list(read_sentences(path))
                schemes: tuple[AnnotationScheme, ...] = (
                    ("span", "released") if "released_instances" in counts else ("span",)
                )
                for scheme in schemes:
                    kept = [item for item in sentences if scheme == "span" or item.released is not None]
                    shared = sum(training[variant][item.text] > own for item in kept)
                    row = {"corpus": name, "split": split, "variant": variant, "annotation_scheme": scheme}
                    rows.append(row | _row(counts, scheme, corpus.paper.get(split)) | {"shared_with_training": shared})
    write_csv_rows(csv_path, COLUMNS, ([row.get(name) for name in COLUMNS] for row in rows))
    write_text(md_path, _markdown(study_name, rows))


def _training_texts(corpora: Mapping[str, CorpusFiles], folder: Path, variant: Variant) -> Counter[str]:
    """Count each sentence text in the training splits of a variant."""
    texts: Counter[str] = Counter()
    for name, corpus in corpora.items():
        source = corpus.source(variant)
        if source is not None and "train" in source.splits():
            texts.update(sentence.text for sentence in read_sentences(folder / name / variant / "train.jsonl"))
    return texts


def _row(counts: dict[str, Any], scheme: AnnotationScheme, paper: PaperCounts | None) -> Row:
    """Return our counts and the paper's for a row."""
    prefix = "released_" if scheme == "released" else ""
    ours = {key: counts[prefix + key] for key in _COUNTED}
    row = {**ours, "marked": counts["released_mentions"] if prefix else counts["marked"]}
    difference = ""
    if paper is not None:
        reported = {key: getattr(paper, key) for key in _COUNTED}
        row |= {f"paper_{key}": value for key, value in reported.items()}
        gaps = {key: ours[key] - value for key, value in reported.items() if value is not None and ours[key] != value}
        difference = ", ".join(f"{key} {gap:+,d}" for key, gap in gaps.items())
    row["difference"] = difference
    row["explanation"] = paper.note if paper is not None and difference else ""
    for key in ("documents", "crossing", "overlapping", "discontinuous", "repeated_documents", "duplicate_sentences"):
        row[key] = counts[key]
    row["ignored"] = sum(counts["ignored"].values())
    return row


def _markdown(study_name: str, rows: Sequence[Row]) -> str:
    """Return the card as Markdown: counts beside the paper's, the reasons of differences, and further counts."""
    keys = ["corpus", "split", "variant", "annotation_scheme"]
    compared = ["instances", "mentions", "empty", "paper_instances", "paper_mentions", "paper_empty", "difference"]
    further = [name for name in COLUMNS if name not in (*keys, *compared, "explanation")]
    reasons = {(row["corpus"], row["split"]): row["explanation"] for row in rows if row["explanation"]}
    lines = [f"- **{corpus}, {split}**: {explanation}" for (corpus, split), explanation in reasons.items()]
    parts = [
        f"# Corpora of the study {study_name}",
        "Variant `tokenized`: tokens of an IOB file joined by one space. Variant `raw`: native text, split by spaCy's "
        "sentencizer. Annotation scheme `span`: by offset. Annotation scheme `released`: the replacement rule of the "
        "author release.",
        _table(rows, keys + compared),
        "## Why the counts differ from the paper's",
        "\n".join(lines) or _agreement(rows),
        "## Further counts",
        "Marked: gold spans left after overlaps are resolved. Crossing: mentions dropped because they cross a sentence "
        "boundary. Ignored: what the files hold beside mentions (relations, events, attributes, notes). Shared with "
        "training: sentences whose exact text is also in a training split of the study on the same variant.",
        _table(rows, keys + further),
    ]
    return "\n\n".join(parts) + "\n"


def _agreement(rows: Sequence[Row]) -> str:
    """Return the sentence for a card that explains no difference."""
    differences = [row["difference"] for row in rows if "paper_instances" in row]
    if not differences:
        return "The paper reports no counts of these corpora."
    if any(differences):
        return "The study explains none of the differences (`paper.<split>.note` of a corpus)."
    return "They do not differ where the paper reports any."


def _table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    if not rows:
        return "No corpora."
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    texts = ("corpus", "split", "variant", "annotation_scheme", "difference")
    align = ["left" if name in texts else "right" for name in columns]
    headers = [name.replace("_", " ") for name in columns]
    return tabulate(cells, headers, tablefmt="github", colalign=align, disable_numparse=True)


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else ""
