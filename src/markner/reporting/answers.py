"""Plain sentences that answer a study's questions, from paired tests. Nothing is claimed that no test shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from markner.reporting.comparisons import read_tests
from markner.reporting.questions import Comparison, Topic
from markner.reporting.results import signed
from markner.study.describe import listed


class Wording(NamedTuple):
    """The question of a topic, and the sentence if `a` is better, or worse; a place follows.

    `{a}` and `{b}` stand for the labels of the two systems.
    """

    question: str
    better: str
    worse: str


WORDINGS: dict[Topic, Wording] = {
    "tuning": Wording(
        "Does tuning help?",
        "The tuned model is better than the same model untuned",
        "The tuned model is worse than the same model untuned",
    ),
    "encoders": Wording(
        "Is the tuned model better than an encoder?",
        "The best tuned model is better than the best encoder",
        "The best encoder is better than the best tuned model",
    ),
    "other_corpora": Wording(
        "Is it better than an encoder on corpora that neither was trained on?",
        "The best tuned model is better than the best encoder",
        "The best encoder is better than the best tuned model",
    ),
    "mixture": Wording(
        "Does training on several corpora help?",
        "The model tuned on several corpora is better than the one tuned on one corpus",
        "The model tuned on one corpus is better than the one tuned on several",
    ),
    "prompt": Wording(
        "Does the prompt matter?",
        "{a} is better than {b}",
        "{b} is better than {a}",
    ),
    "size": Wording(
        "Does more training data help?",
        "More training data is better than less",
        "Less training data is better than more",
    ),
    "chat": Wording(
        "Is the tuned model better than a chat model?",
        "The best tuned model is better than the best chat model",
        "The best chat model is better than the best tuned model",
    ),
}
"""In the order in which a report answers them."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A comparison with its paired test, by strict match."""

    comparison: Comparison
    f1_a: float
    f1_b: float
    difference: float
    low: float
    high: float
    p: float
    """After Holm's correction."""
    significant: bool
    sentences: int
    seeds: int
    """The smaller number of seeds of the two."""

    @property
    def outcome(self) -> Literal["better", "worse", "unclear", "nothing"]:
        """Return the outcome of the test for `a`; `nothing` if both F1 are 0."""
        if not self.f1_a and not self.f1_b:
            return "nothing"
        if not self.significant:
            return "unclear"
        return "better" if self.difference > 0 else "worse"

    def in_words(self, headings: Mapping[str, str], level: float) -> str:
        """Return the test in a sentence; `headings` names the corpora for readers, `level` is that of the interval."""
        pair = self.comparison
        text = (
            f"{headings.get(pair.corpus, pair.corpus)}: {pair.label_a} {self.f1_a:.3f}, {pair.label_b} {self.f1_b:.3f}"
        )
        if self.outcome == "nothing":
            return f"{text}."
        bounds = f"{100 * level:g} % interval {signed(self.low)} to {signed(self.high)}"
        difference = f"difference {signed(self.difference)} ({bounds})"
        return f"{text}; {difference}, {p_text(self.p)}, {self.sentences:,} sentences."


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: a sentence for all corpora, and the tests behind it."""

    topic: Topic
    tests: tuple[Tested, ...]

    @property
    def question(self) -> str:
        """Return the question."""
        return WORDINGS[self.topic].question

    @property
    def empty(self) -> bool:
        """Return whether no system of any test marked a mention exactly."""
        return all(test.outcome == "nothing" for test in self.tests)

    def sentences(self, headings: Mapping[str, str]) -> list[str]:
        """Return the answer in sentences; `headings` names the corpora for readers."""
        texts = {
            "better": WORDINGS[self.topic].better,
            "worse": WORDINGS[self.topic].worse,
            "unclear": "No difference was shown",
            "nothing": "Neither marked a mention exactly, so nothing was compared,",
        }
        places: dict[str, list[str]] = {}
        for outcome, text in texts.items():
            for pair in (test.comparison for test in self.tests if test.outcome == outcome):
                sentence = text.format(a=pair.label_a, b=pair.label_b)
                places.setdefault(sentence, []).append(self._place(pair, headings))
        return [f"{sentence} on {listed(list(dict.fromkeys(names)), 'and')}." for sentence, names in places.items()]

    def _place(self, comparison: Comparison, headings: Mapping[str, str]) -> str:
        heading = headings.get(comparison.corpus, comparison.corpus)
        return f"{heading} ({comparison.label_a.rpartition(', ')[0]})" if self.topic == "size" else heading


def answers(comparisons: Sequence[Comparison], results: Path, files: Iterable[Path]) -> list[Answer]:
    """Return the answers to a study's questions; those that say nothing come last.

    Of several pairs for a question and a corpus, the one with the highest F1 counts.

    Args:
        comparisons: Pairs from `markner.reporting.questions.comparisons`.
        results: Folder of the study's results.
        files: Files of paired tests; others of the folder are not read.
    """
    tests = {path: _read(path) for path in files}
    best_tests: dict[Topic, dict[tuple[str, str], Tested]] = {}
    for comparison in comparisons:
        path = results / "significance" / comparison.table / f"{comparison.corpus}.csv"
        test = _tested(comparison, tests.get(path, {}))
        if test:
            # Each line of a size figure is an answer of its own.
            key = comparison.corpus, comparison.label_a if comparison.topic == "size" else ""
            best = best_tests.setdefault(comparison.topic, {}).setdefault(key, test)
            best_tests[comparison.topic][key] = max(best, test, key=lambda item: _rank(item, comparison.topic))
    given = [Answer(topic, tuple(best_tests[topic].values())) for topic in WORDINGS if topic in best_tests]
    return sorted(given, key=lambda answer: answer.empty)


def _rank(test: Tested, topic: Topic) -> tuple[float, float]:
    """Order pairs by the best system that is asked for; where both are alike, by the better of the two."""
    if topic in ("mixture", "prompt"):
        return max(test.f1_a, test.f1_b), min(test.f1_a, test.f1_b)
    return test.f1_a, test.f1_b


def _read(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Read the tests by strict match, by pair of runs."""
    return {(row["run_a"], row["run_b"]): row for row in read_tests(path) if row["match"] == "strict"}


def _tested(comparison: Comparison, tests: Mapping[tuple[str, str], Mapping[str, str]]) -> Tested | None:
    """Return the test of a pair, seen from `a`; None if there is none."""
    row, sign, first, second = tests.get((comparison.a, comparison.b)), 1, "a", "b"
    if row is None:
        row, sign, first, second = tests.get((comparison.b, comparison.a)), -1, "b", "a"
    if row is None:
        return None
    low, high = sorted((sign * float(row["low"]), sign * float(row["high"])))
    return Tested(
        comparison,
        float(row[f"f1_{first}"]),
        float(row[f"f1_{second}"]),
        sign * float(row["difference"]),
        low,
        high,
        float(row["p_holm"]),
        row["significant"] == "yes",
        int(row["sentences"]),
        min(int(row["seeds_a"]), int(row["seeds_b"])),
    )


def p_text(p: float) -> str:
    """Return a p-value as readers expect it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.995 else "p = 1"
