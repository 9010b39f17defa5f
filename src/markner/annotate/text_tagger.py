"""Tag texts from Python, without a config file."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from markner.annotate.pipeline import tag_documents
from markner.data.documents import Mention
from markner.data.formats.jsonl import check_characters
from markner.data.formats.plain import text_document
from markner.errors import MarknerError
from markner.models.tagging import System, load_system
from markner.study.schema.annotations import Tagger
from runrecord.record import absolute

_SETTINGS = "taggers.json"
_EXAMPLE = "results/STUDY/models/RUN/seed1"
_MODEL = re.compile(r"[^/]/models/[^/]+/seed\d+$")


class TextTagger:
    """Trained runs in memory, whose mentions are merged.

    Overlapping mentions of one type are resolved as in `markner annotate`: the longest is kept.
    """

    def __init__(self, systems: Sequence[System], min_confidence: float = 0.0) -> None:
        self._systems, self._min_confidence = systems, min_confidence

    def __call__(self, text: str) -> list[Mention]:
        """Return the mentions in a text, in order; offsets count its characters, the end is exclusive."""
        return next(self.tag([text]))

    def tag(self, texts: Iterable[str]) -> Iterator[list[Mention]]:
        """Yield the mentions of each text, in the order of the texts. Sentences of several texts are tagged together.

        Args:
            texts: Any number of texts; they are read as they are needed. Blank lines separate paragraphs.

        Raises:
            MarknerError: A text is no string or contains half of a surrogate pair, or `texts` is a single text.
        """
        if isinstance(texts, str):
            raise MarknerError("`tag` takes several texts, not one", "tagger(text), or tagger.tag([text])")
        documents = (
            text_document(_checked(f"text {number} (from 0)", text), str(number)) for number, text in enumerate(texts)
        )
        for group in tag_documents(documents, self._systems, self._min_confidence):
            for document, entry in group:
                yield [mention._replace(text=document.text[mention.start : mention.end]) for mention in entry.mentions]


def load_taggers(
    folders: Sequence[str], entities: list[str] | None = None, min_confidence: float = 0.0, *, as_trained: bool = True
) -> TextTagger:
    """Load trained runs of finished studies.

    Args:
        folders: Folders of trained models, as results/STUDY/models/RUN/seed1.
        entities: Entity types to find; by default, or if empty, all types that the runs were trained on.
        min_confidence: Mentions of a lower confidence are left out.
        as_trained: Divide texts into tokens for runs that were trained on tokenized sentences.

    Raises:
        MarknerError: A folder is no trained run, a type is one that no run knows, no folder is given, or the confidence
            is not from 0 to 1.
    """
    if not folders:
        raise MarknerError(
            "no folder of a trained run is given", "for example results/demo/models/minilm-disease/seed1"
        )
    if not 0 <= min_confidence <= 1:
        raise MarknerError(f"min_confidence {min_confidence}: must be from 0 to 1", "0.9 leaves out doubtful mentions")
    if isinstance(entities, str):
        raise MarknerError("`entities` is a list of types, not one", f'entities=["{entities}"]')
    settings = [_settings(Path(folder)) for folder in folders]
    known = {entity for _, tagger in settings for entity in tagger.instructions}
    unknown = sorted(set(entities or ()) - known)
    if unknown:
        raise MarknerError(f"no run finds {', '.join(unknown)}", f"they find {', '.join(sorted(known))}")
    systems = []
    for results, tagger in settings:
        wanted = {entity: text for entity, text in tagger.instructions.items() if not entities or entity in entities}
        if wanted:
            asked = tagger.model_copy(update={"instructions": wanted})
            systems.append(load_system(asked.as_trained(as_trained), results))
    return TextTagger(systems, min_confidence)


def _checked(where: str, text: object) -> str:
    if not isinstance(text, str):
        raise MarknerError(f"{where} is no string, but {type(text).__name__}", "leave it out, or give an empty text")
    return check_characters(where, text)


def _settings(folder: Path) -> tuple[Path, Tagger]:
    """Return the folder of the study's results, and the settings of the run with this folder."""
    if not folder.is_dir():
        raise MarknerError(f"{folder}: there is no such folder", f"name a folder as {_EXAMPLE}")
    # As it is named, as `models` may be a link; or what a link to the folder leads to.
    places = (place for place in (absolute(folder), folder.resolve()) if _MODEL.search(place.as_posix()))
    whole = next(places, None)
    if whole is None:
        raise MarknerError(f"{folder}: not the folder of a trained run", f"name a folder as {_EXAMPLE}")
    (run, seed), results = whole.parts[-2:], whole.parents[2]
    path = results / _SETTINGS
    fix = f"snakemake -c1 --configfile FILE -- {path}, with the config file of the study"
    try:
        taggers = TypeAdapter(list[Tagger]).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise MarknerError(f"{folder}: {path} is missing, which says how the run tags texts", fix) from None
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) + f": {first['msg']}"
        raise MarknerError(
            f"{path}: not the settings of taggers of this version: {what}", f"remove it and make it again: {fix}"
        ) from error
    for tagger in taggers:
        if (tagger.run, f"seed{tagger.seed}") == (run, seed):
            return results, tagger
    names = ", ".join(f"{tagger.run}/seed{tagger.seed}" for tagger in taggers)
    raise MarknerError(f"{path} has no run {run}/{seed}", f"it has {names}")
