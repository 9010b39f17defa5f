"""Probabilities of mentions under all valid BIO tag sequences of a sentence, by forward and backward sums."""

import math
from collections.abc import Sequence

from markner.models.encoder.viterbi import IMPOSSIBLE
from markner.tags import Tag


def mention_marginals(scores: Sequence[Sequence[float]], tags: Sequence[Tag]) -> tuple[float, ...]:
    """Return the probability of each mention of a tag sequence: that exactly these words are a mention.

    The probability of a valid sequence is proportional to the exponential of its sum of scores, as for
    `likeliest_valid`: [words, 3], O, B and I. The marginal of a mention is the sum over all valid sequences that have a
    B on its first word, an I on its other words, and no I on the word after it. (Forward-backward: Rabiner 1989;
    fields: Culotta and McCallum 2004.)
    """
    if "B" not in tags:
        return ()
    forward = [(scores[0][0], scores[0][1], IMPOSSIBLE)]
    for outside, begin, inside in scores[1:]:
        anything, opened = _log_sum(*forward[-1]), _log_sum(*forward[-1][1:])
        forward.append((anything + outside, anything + begin, opened + inside))
    # After each word: sums over all continuations, and over those in which no mention goes on.
    after, ended = [0.0], [0.0]
    after_outside = 0.0
    for outside, begin, inside in reversed(scores[1:]):
        stop = _log_sum(outside + after_outside, begin + after[-1])
        ended.append(stop)
        after.append(_log_sum(stop, inside + after[-1]))
        after_outside = stop
    ended.reverse()
    total = _log_sum(*forward[-1])
    marginals = []
    for first, tag in enumerate(tags):
        if tag == "B":
            last = first
            while last + 1 < len(tags) and tags[last + 1] == "I":
                last += 1
            within = math.fsum(row[2] for row in scores[first + 1 : last + 1])
            marginals.append(min(1.0, math.exp(forward[first][1] + within + ended[last] - total)))
    return tuple(marginals)


def _log_sum(*terms: float) -> float:
    """Return the logarithm of a sum of exponentials."""
    highest = max(terms)
    if highest == IMPOSSIBLE:
        return IMPOSSIBLE
    return highest + math.log(math.fsum(math.exp(term - highest) for term in terms))
