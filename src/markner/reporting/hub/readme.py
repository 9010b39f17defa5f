"""Write the Hugging Face README of a dataset or model, from a template and metadata."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from huggingface_hub import DatasetCardData, ModelCardData

from markner.files import write_text
from markner.markup import AnyMarks
from markner.study.describe import listed


def opening_marks(marks: AnyMarks) -> str:
    """Return the opening marks as a card's text names them: "`<disease>` or `<gene>`"."""
    return listed([f"`{opening}`" for opening, _ in marks.pairs])


def licence_of(own: str, kept: Iterable[str]) -> str | None:
    """Return the licence of a folder as the hub shows it: `other` if not one licence holds for all of it.

    Args:
        own: The licence of what the study adds; empty if none is named.
        kept: The licences of what the folder is made from; empty where one is not known.

    Returns:
        The licence in lower case, as the hub writes it; None if no licence is known.
    """
    names = {name.lower() for name in ([own] if own else []) + [*kept]}
    known = sorted(names - {""})
    if not known:
        return None
    return known[0] if len(names) == 1 and re.fullmatch(r"[a-z0-9.+-]+", known[0]) else "other"


def write_card(path: Path, data: DatasetCardData | ModelCardData, template: Path, facts: Mapping[str, Any]) -> None:
    """Write a card: metadata as YAML front matter (https://huggingface.co/docs/hub/model-cards), then the text.

    Args:
        path: The README.md to write.
        data: The metadata.
        template: The template of the text.
        facts: The values of the template; a missing one is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    text = environment.get_template(template.name).render(**facts)
    write_text(path, f"---\n{data.to_yaml()}\n---\n\n{text.rstrip()}\n")
