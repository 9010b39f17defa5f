"""Random subsets by seed."""

import random
from collections.abc import Sequence


def subset(n: int, fraction: float = 1.0, limit: int | None = None, seed: int = 1) -> list[int]:
    """Return ascending indices of a random part of n items; of one seed, larger parts contain smaller ones."""
    size = round(n * fraction)
    if limit is not None:
        size = min(size, limit)
    return sorted(random.Random(seed).sample(range(n), n)[:size])


def subset_with_share(
    marked: Sequence[bool], share: float, fraction: float = 1.0, limit: int | None = None, seed: int = 1
) -> list[int]:
    """Return ascending indices of a random part of items, of which a given share is marked.

    If one kind has too few items, items of the other kind are added. With the same seed, a larger part contains the
    smaller ones.
    """
    size = len(subset(len(marked), fraction, limit, seed))
    order = random.Random(seed).sample(range(len(marked)), len(marked))
    kinds = [[index for index in order if marked[index] is kind] for kind in (True, False)]
    wanted = min(max(round(size * share), size - len(kinds[1])), len(kinds[0]))
    return sorted(kinds[0][:wanted] + kinds[1][: size - wanted])
