"""The command reference is what the parsers, the Makefile and the rules say."""

from markner.cli.reference import REFERENCE_FILE, reference


def test_the_command_reference_is_up_to_date() -> None:
    written = REFERENCE_FILE.read_text(encoding="utf-8")
    assert written == reference(), "run `make docs`"
    for part in ("make demo", "`hub`", "markner audit", "--cell ROW,COLUMN"):
        assert part in written
