"""Find the most likely BIO tags of a sentence in which I follows only B or I."""

from collections.abc import Sequence

from markner.tags import Tag

LABELS: tuple[Tag, ...] = ("O", "B", "I")
"""Tags by the number of their class."""

_O, _B, _I = range(3)

IMPOSSIBLE = float("-inf")


def likeliest_valid(scores: Sequence[Sequence[float]]) -> list[Tag]:
    """Return the valid tag sequence with the highest sum of scores (Viterbi 1967); of equal ones, the first.

    Scores are log probabilities or logits of O, B and I: [words, 3]. Adding a constant to a row changes nothing. Each
    row needs a finite score for O.
    """
    if not scores:
        return []
    best = [scores[0][_O], scores[0][_B], IMPOSSIBLE]
    back: list[tuple[int, int, int]] = []
    for row in scores[1:]:
        before = max(range(len(LABELS)), key=best.__getitem__)
        inside = _B if best[_B] >= best[_I] else _I
        back.append((before, before, inside))
        best = [best[before] + row[_O], best[before] + row[_B], best[inside] + row[_I]]
    state = max(range(len(LABELS)), key=best.__getitem__)
    states = [state]
    for choices in reversed(back):
        state = choices[state]
        states.append(state)
    return [LABELS[state] for state in reversed(states)]
