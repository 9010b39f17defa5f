"""Files of columns with IOB, IOBES or BILOU tags."""

from pathlib import Path

import pytest

from markner.data.formats import iob
from markner.data.formats.iob import TaggedSentence
from markner.errors import MarknerError

PLAIN = "beta\tB-G\nactin\tI-G\nTNF\tB-G\n.\tO\n\nNone\tO\n\n"


def read(tmp_path: Path, content: str, types: list[str] | None = None) -> list[TaggedSentence]:
    (tmp_path / "x.tsv").write_text(content, encoding="utf-8", newline="")
    return list(iob.read(tmp_path / "x.tsv", types))


def surfaces(sentence: TaggedSentence) -> list[str]:
    return [sentence.text[start:end] for start, end in sentence.spans()]


def test_tokens_are_joined_by_one_space_and_adjacent_mentions_stay_separate(tmp_path: Path) -> None:
    first, second = read(tmp_path, PLAIN)
    assert first.text == "beta actin TNF ."
    assert surfaces(first) == ["beta actin", "TNF"]
    assert second.spans() == ()


@pytest.mark.parametrize(
    "content", ["\ufeff" + PLAIN, PLAIN.replace("\n", "\r\n"), PLAIN.strip(), "\n\n" + PLAIN + "\n \n"]
)
def test_bom_crlf_and_empty_lines_change_nothing(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == read(tmp_path, PLAIN)


def test_an_i_that_continues_nothing_begins_a_mention(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tI-G\nb\tI-G\nc\tO\nd\tB-D\ne\tI-G\n")
    assert surfaces(sentence) == ["a b", "d", "e"]


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=f"{tmp_path}: a folder, but a file is expected"):
        list(iob.read(tmp_path))


CONLL = """-DOCSTART- -X- -X- O

Mutated NN B-NP O
BRCA1 NN I-NP {0}
and CC O O
breast NN B-NP {1}
cancer NN I-NP {2}
susceptibility NN I-NP {3}

-DOCSTART- -X- -X- O

gout NN B-NP {4}
arthritis NN I-NP {5}
"""


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(("I-G", "I-D", "I-D", "O", "I-D", "B-D"), id="IOB1"),
        pytest.param(("B-G", "B-D", "I-D", "O", "B-D", "B-D"), id="IOB2"),
        pytest.param(("S-G", "B-D", "E-D", "O", "S-D", "S-D"), id="IOBES"),
        pytest.param(("U-G", "B-D", "L-D", "O", "U-D", "U-D"), id="BILOU"),
    ],
)
@pytest.mark.parametrize("separator", [" ", "\t", "   "])
def test_four_columns_of_any_scheme_and_separator(tmp_path: Path, tags: tuple[str, ...], separator: str) -> None:
    first, second = read(tmp_path, CONLL.format(*tags).replace(" ", separator))
    assert (first.tokens[0], surfaces(first)) == ("Mutated", ["BRCA1", "breast cancer"])
    assert surfaces(second) == ["gout", "arthritis"]
    assert (first.document, second.document) == (1, 2)
    assert iob.kinds(tmp_path / "x.tsv") == {"G", "D"}


def test_entities_that_touch_are_two_in_iobes(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a B-G\nb E-G\nc B-G\nd E-G\n")
    assert surfaces(sentence) == ["a b", "c d"]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("B-G E-G I-G E-G", "line 3: the tags do not fit IOBES: I-G outside of an entity"),
        ("B-G E-D O O", "line 2: the tags do not fit IOBES: E-D inside of an entity"),
        ("S-G B-G O O", "line 3: the tags do not fit IOBES: O inside of an entity"),
        ("S-G O O B-G", "line 4: the tags do not fit IOBES: the end of the sentence inside of an entity"),
        ("L-G U-G O O", "line 1: the tags do not fit BILOU: L-G outside of an entity"),
        ("S-G O U-G O", "line 3: the tags fit no scheme: O, S, U belong to IOBES and BILOU"),
    ],
)
def test_tags_that_fit_no_scheme_are_an_error_in_gold_and_read_in_predictions(
    tmp_path: Path, tags: str, message: str
) -> None:
    content = "".join(f"{token} {tag}\n" for token, tag in zip("abcd", tags.split(), strict=True))
    with pytest.raises(MarknerError, match=rf"x\.tsv, {message}"):
        read(tmp_path, content)
    (sentence,) = iob.read(tmp_path / "x.tsv", strict=False)
    assert sentence.text == "a b c d"


def test_a_space_is_a_part_of_the_token_where_tabs_separate(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a b\tB-G\nc\tO\n")
    assert sentence.tokens == ("a b", "c")


def test_types_choose_mentions(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tB-G\nb\tI-G\nd\tB-D\nc\tI-G\n", ["G"])
    assert sentence.tags == ("B", "I", "O", "B")


def test_tags_need_no_type(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tB\nb\tI\n")
    assert surfaces(sentence) == ["a b"]


@pytest.mark.parametrize("line", ["a", "a\tO\tO", "a O", "\tO", "a\tX-G", "a\t", "a\tO-G"])
def test_damaged_lines_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(MarknerError, match=r"x\.tsv, line 8"):
        read(tmp_path, PLAIN + line + "\n")
