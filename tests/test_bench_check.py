"""The check at the end of `make bench`: a ratio may not fall by more than a third below the committed one."""

import sys

import pandas as pd
from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from check import fallen

COMMITTED = pd.DataFrame(
    {"system": ["own", "own", "peer"], "sentences": [8, 64, 64], "x peer": [3.0, 6.0, 1.0], "seconds_min": [1, 2, 6]}
)


def test_a_ratio_may_fall_by_a_third_and_not_by_more() -> None:
    assert fallen(COMMITTED, COMMITTED.assign(**{"x peer": [2.0, 4.0, 1.0], "seconds_min": 99})) == []
    (line,) = fallen(COMMITTED, COMMITTED.assign(**{"x peer": [2.0, 3.9, 1.0]}))
    assert line == "('own', 64): x peer is 3.90, and 6.00 is committed"


def test_a_ratio_that_is_no_longer_measured_has_fallen() -> None:
    assert len(fallen(COMMITTED, COMMITTED.iloc[:1])) == 2
    assert len(fallen(COMMITTED, COMMITTED.drop(columns="x peer"))) == 3
