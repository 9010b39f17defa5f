"""resources/paper/tables.json against what is known of the paper's values."""

from collections.abc import Iterator

import pytest
from conftest import ROOT

from markner.files import read_json

PAPER = ROOT / "resources" / "paper" / "tables.json"
HALF = 0.0005  # values are rounded to three digits
INCONSISTENT: set[tuple[str, str, str, str]] = set()
"""Table, row, corpus, match of cells whose printed F1 is not that of the printed P and R: the paper has none."""


def values() -> Iterator[tuple[tuple[str, str, str, str], list[float]]]:
    for table, rows in read_json(PAPER)["tables"].items():
        for row, corpora in rows.items():
            for corpus, matches in corpora.items():
                for match, triple in matches.items():
                    yield (table, row, corpus, match), triple


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


def test_f1_follows_from_precision_and_recall() -> None:
    wrong = {
        cell for cell, (p, r, f) in values() if not f1(p - HALF, r - HALF) - HALF <= f <= f1(p + HALF, r + HALF) + HALF
    }
    assert wrong == INCONSISTENT


def test_every_cell_is_there() -> None:
    cells = [cell for cell, _ in values()]
    assert [sum(table == cell[0] for cell in cells) for table in ("table1", "table2", "table3", "table4")] == [
        48,
        24,
        6,
        6,
    ]
    columns = read_json(PAPER)["columns"]
    assert {corpus for _, _, corpus, _ in cells} == set(columns)


@pytest.mark.parametrize(
    ("cell", "triple"),
    [
        (("table1", "GPT-3.5 (five-shot)", "bc5cdr_chemical", "strict"), [0.235, 0.721, 0.355]),
        (("table1", "BioNER-LLaMA2", "bc2gm", "partial"), [0.955, 0.956, 0.956]),
        (("table2", "PubMedBERT", "nlm_chem", "strict"), [0.862, 0.652, 0.742]),
        (("table3", "Single dataset instruction tuned model", "ncbi_disease", "strict"), [0.869, 0.678, 0.762]),
        (("table4", "Enhanced prompt", "bc5cdr_chemical", "strict"), [0.942, 0.909, 0.925]),
    ],
)
def test_some_cells(cell: tuple[str, str, str, str], triple: list[float]) -> None:
    assert dict(values())[cell] == triple


def test_partial_scores_are_never_below_strict() -> None:
    found = dict(values())
    for (table, row, corpus, match), triple in found.items():
        if match == "partial":
            strict = found[table, row, corpus, "strict"]
            assert all(a >= b for a, b in zip(triple, strict, strict=True))


def test_most_of_the_partial_values_are_not_one_to_one() -> None:
    """One-to-one matching leaves P / R = gold / predicted mentions, whatever the match; the paper's changes."""
    found = dict(values())
    differing = []
    for (table, row, corpus, match), (p, r, _) in found.items():
        if match == "partial":
            strict_p, strict_r, _ = found[table, row, corpus, "strict"]
            low, high = (strict_p - HALF) / (strict_r + HALF), (strict_p + HALF) / (strict_r - HALF)
            if (p + HALF) / (r - HALF) < low or (p - HALF) / (r + HALF) > high:
                differing.append((table, row, corpus))
    assert len(differing) == 29


def test_the_partial_values_fit_the_authors_public_scorer() -> None:
    """The scorer's precision is RG / predictions and its recall RP / gold, with exchanged numerators.

    RG is at most the number of gold spans, RP at most that of predictions. With strict P / R = gold / predictions this
    bounds both from above. Exact matches are in RG and in RP, so strict P and R bound them from below. These bounds are
    necessary, not sufficient: that the authors used the scorer is inferred.
    """
    found = dict(values())
    outside, checked = [], 0
    for (table, row, corpus, match), (p, r, _) in found.items():
        if match == "partial":
            strict_p, strict_r, _ = found[table, row, corpus, "strict"]
            gold_by_predictions = (strict_p + HALF) / (strict_r - HALF)
            predictions_by_gold = (strict_r + HALF) / (strict_p - HALF)
            checked += 1
            if not (strict_p <= p <= gold_by_predictions + HALF and strict_r <= r <= predictions_by_gold + HALF):
                outside.append((table, row, corpus))
    assert (checked, outside) == (36, [])
