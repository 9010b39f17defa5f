"""Letters with accents, composed and decomposed."""

import unicodedata

import regex

from markner.data.documents import Mention


def accented(text: str) -> str:
    """The text with an accent on every vowel that stands between letters, composed."""
    return regex.sub(
        r"(?<=\p{L})[aeou](?=\p{L})", lambda match: unicodedata.normalize("NFC", match[0] + "\u0308"), text
    )


def in_composed(text: str, mention: Mention) -> Mention:
    """A mention of a decomposed text at its offsets in the composed one."""
    start, end = (len(unicodedata.normalize("NFC", text[:place])) for place in mention[:2])
    return mention._replace(start=start, end=end)
