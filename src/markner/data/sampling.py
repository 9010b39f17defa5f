"""Random subsets by seed."""

import random


def subset(n: int, fraction: float = 1.0, limit: int | None = None, seed: int = 1) -> list[int]:
    """Return ascending indices of a random part of n items; of one seed, larger parts contain smaller ones."""
    size = round(n * fraction)
    if limit is not None:
        size = min(size, limit)
    return sorted(random.Random(seed).sample(range(n), n)[:size])
