"""The authors' replacement rule, defects included (their own released lines are the examples)."""

from pathlib import Path

import pytest

from markner.data.author_marks import author_marks, write_author_release
from markner.data.documents import Sentence


@pytest.mark.parametrize(
    ("text", "tags", "marked"),
    [
        ("a gout b", "OBO", "a <mark>gout</mark> b"),
        ("a heart failure b", "OBIO", "a <mark>heart failure</mark> b"),
        # Adjacent mentions.
        ("TNF IL - 6 rise", "BBIIO", "<mark>TNF</mark> <mark>IL - 6</mark> rise"),
        # The first occurrence is marked, within an earlier mark.
        ("S2 protein is S2 here", "BIOBO", "<mark><mark>S2</mark> protein</mark> is S2 here"),
        # Within a word.
        ("CONCLUSION of N .", "OOBO", "CONCLUSIO<mark>N</mark> of N ."),
        ("antiepileptic for epileptic fits", "OOBO", "anti<mark>epileptic</mark> for epileptic fits"),
        # The same mention twice: a mark ends with its own tag, so the second finds the second place.
        ("gout or gout .", "BOBO", "<mark>gout</mark> or <mark>gout</mark> ."),
        # At the very end: one token is lost, more are kept.
        ("he has gout", "OOB", "he has gout"),
        ("has heart failure", "OBI", "has <mark>heart failure</mark>"),
        ("has heart failure gout", "OBIB", "has <mark>heart failure</mark> gout"),
        ("", "", ""),
    ],
)
def test_replacement_rule(text: str, tags: str, marked: str) -> None:
    assert author_marks(text.split(), list(tags)) == marked


def test_each_line_of_the_release_ends_with_a_space(tmp_path: Path) -> None:
    sentences = [
        Sentence("c.1", "d", "a gout", released="a <mark>gout</mark>"),
        Sentence("c.2", "d", "left out", released=None),
        Sentence("c.3", "d", "none", released="none"),
    ]
    write_author_release(sentences, tmp_path / "released.txt")
    assert (tmp_path / "released.txt").read_bytes() == b"a <mark>gout</mark> \nnone \n"
