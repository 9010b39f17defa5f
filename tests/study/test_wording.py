"""Tests of `markner.study.wording`: numbers with their nouns."""

from markner.study.wording import counted


def test_one_thing_is_counted_in_the_singular() -> None:
    assert [counted(number, "document") for number in (0, 1, 2, 2000)] == [
        *("0 documents", "1 document", "2 documents", "2,000 documents")
    ]
