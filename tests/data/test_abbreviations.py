"""Definitions of abbreviations: the examples and rules of Schwartz and Hearst (2003), on raw and on tokenized text."""

import pytest

from markner.data.abbreviations import definitions


def found(text: str) -> list[tuple[str, str]]:
    return [(text[slice(*short)], text[slice(*long)]) for short, long in definitions(text)]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        # The paper's own examples.
        ("the gene heat shock transcription factor (HSF) is", [("HSF", "heat shock transcription factor")]),
        ("binds to heat shock protein (HSP).", [("HSP", "heat shock protein")]),
        ("Gcn5-related N-acetyltransferase (GNAT)", [("GNAT", "Gcn5-related N-acetyltransferase")]),
        # A letter of the short form inside a word; a long form that begins within words joined by a hyphen.
        ("patients with adrenoleukodystrophy (ALD)", [("ALD", "adrenoleukodystrophy")]),
        ("in X-linked adrenoleukodystrophy (ALD)", [("ALD", "adrenoleukodystrophy")]),
        # Short form before its long form.
        ("HD (Huntington disease) is", [("HD", "Huntington disease")]),
        # Text after a comma or semicolon in the brackets does not count; square brackets do.
        ("ataxia telangiectasia (AT, also A-T) and", [("AT", "ataxia telangiectasia")]),
        ("ataxia telangiectasia [AT; see below]", [("AT", "ataxia telangiectasia")]),
        # Tokenized text.
        ("Ataxia - telangiectasia ( A - T ) is", [("A - T", "Ataxia - telangiectasia")]),
        ("of breast cancer ( BC ) in", [("BC", "breast cancer")]),
        # Two definitions in one sentence.
        (
            "von Hippel-Lindau (VHL) or renal cell carcinoma (RCC)",
            [("VHL", "von Hippel-Lindau"), ("RCC", "renal cell carcinoma")],
        ),
    ],
)
def test_definitions_are_found(text: str, pairs: list[tuple[str, str]]) -> None:
    assert found(text) == pairs


@pytest.mark.parametrize(
    "text",
    [
        "colorectal cancer (n = 12)",  # its letter begins no word
        "of breast cancer (5)",  # no letter
        "the disease (see Figure 2 for more)",  # more than two words, and nothing short before
        "the gene (X)",  # one character
        "hereditary cancer (ABCDEFGHIJK)",  # eleven characters
        "breast cancer (BRQ)",  # its letters are not there
        "BC cancer bc (BC)",  # the short form is a word of the long form
        "breast cancer (BC",  # no closing bracket
        "(BC) breast cancer",  # nothing before
        "acute x x x x x x x x liver failure (ALF)",  # too many words between
        "",
    ],
)
def test_other_brackets_define_nothing(text: str) -> None:
    assert found(text) == []
