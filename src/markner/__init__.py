"""MarkNER: biomedical named entity recognition as marking, from corpora to audited tables."""

from typing import TYPE_CHECKING

from runrecord.imports import collect_rarely

if TYPE_CHECKING:
    from markner.annotate.text_tagger import TextTagger

__version__ = "0.2.0"
# The 3,000 modules of a language model take a seventh longer otherwise. An assignment, since it is then no part of the
# code of every job.
_USUAL_THRESHOLDS = collect_rarely()


def load(
    *folders: str, entities: list[str] | None = None, min_confidence: float = 0.0, as_trained: bool = True
) -> "TextTagger":
    """Load trained runs to tag texts from Python. See `markner.annotate.text_tagger.load_taggers`."""
    # Imported here because it loads torch.
    from markner.annotate.text_tagger import load_taggers

    return load_taggers(folders, entities, min_confidence, as_trained=as_trained)
