from pathlib import Path

import pytest
from span_strategies import spans

from markner.data.author_marks import author_marks
from markner.data.documents import Sentence
from markner.data.formats import iob
from markner.errors import MarknerError
from markner.evaluation.author_release import author_spans
from markner.evaluation.matching import strict_counts, total_ratios


@pytest.mark.parametrize(
    ("text", "released", "expected"),
    [
        ("no gene", "no gene ", []),
        ("a gene here", "a <mark>gene</mark> here ", [(2, 6)]),
        ("S2 protein like S2", "<mark><mark>S2</mark> protein</mark> like S2", [(0, 2), (0, 10)]),
        ("CONCLUSION", "CONCLUSIO<mark>N</mark>", [(9, 10)]),
        ("ab cd", "<mark>ab <mark>cd</mark>", [(3, 5)]),  # never closed
        ("ab cd", "ab</mark> <mark>cd</mark>", [(3, 5)]),  # never opened
        ("ab cd", "ab<mark></mark> cd", []),  # around nothing
        (" ab ", "<mark>ab</mark>", [(1, 3)]),
        ("ab", "  <mark>ab</mark>", [(0, 2)]),
    ],
)
def test_marks_of_the_release(text: str, released: str, expected: list[tuple[int, int]]) -> None:
    assert list(author_spans(Sentence("s", "d", text), released)) == list(spans(*expected))


def test_another_sentence_is_an_error() -> None:
    with pytest.raises(MarknerError, match="is not a marked form of"):
        author_spans(Sentence("s", "d", "ab"), "<mark>ac</mark>")


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("file", "ceiling"),
    [
        ("mtl-bioinformatics-2016/NCBI-disease-IOB/test.tsv", 0.9953),
        ("mtl-bioinformatics-2016/BC5CDR-chem-IOB/test.tsv", 0.9989),
        ("mtl-bioinformatics-2016/BC5CDR-disease-IOB/test.tsv", 0.9991),
        ("bc2gm/conll/test.tsv", 0.986),
    ],
)
def test_ceiling_of_the_released_marks(corpora_mirror: Path, file: str, ceiling: float) -> None:
    sentences = list(iob.read(corpora_mirror / file))
    marks = [author_spans(Sentence("", "", row.text), author_marks(row.tokens, row.tags)) for row in sentences]
    f1 = total_ratios(strict_counts(marks, [sentence.spans() for sentence in sentences])).f1
    assert float(f1) == pytest.approx(ceiling, abs=0.0005)
