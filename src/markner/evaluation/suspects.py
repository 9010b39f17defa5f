"""Suspected annotation errors: gold that all systems contradict, or that is inconsistent with other places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from markner.data.documents import Sentence, Span, overlaps, read_sentences
from markner.data.repair.surfaces import Surface
from markner.evaluation.error_analysis import marked_text
from markner.evaluation.matching import strict_counts, total_ratios
from markner.evaluation.mention_errors import Error, sentence_errors
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.rounding import rounded
from markner.evaluation.surface_places import Places, surface_of, surface_places
from markner.files import write_csv_rows
from markner.predictions import Prediction
from markner.study.schema.suspects import SuspectList

COLUMNS = (
    *("rank", "score", "reason", "error", "corpus", "sentence", "text", "gold", "predicted", "kind", "sub_kind"),
    *("systems", "confidence", "elsewhere", "adjudicated_kind", "adjudicated_sub_kind", "comment"),
)
"""Columns of the file of suspects. A person fills in the last three."""
_UNKNOWN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """One run and seed: its answers by sentence, and its strict precision and recall on them."""

    answers: Mapping[str, Prediction]
    precision: float
    recall: float

    def vote(self, error: Error) -> float:
        """Return how much its contradiction counts: the confidence of the mark, without one the precision.

        If it misses a mention, its recall: a miss says more if the system finds most mentions. Half of it if the
        system marks something that overlaps the mention.
        """
        if error.predicted is None and error.gold is not None:
            return self.recall / (2 if overlaps(error.gold, self.answers[error.sentence].spans) else 1)
        confidence = self.confidence(error)
        return self.precision if confidence is None else confidence

    def confidence(self, error: Error) -> float | None:
        """Return the confidence of the predicted mention of an error, None if there is none."""
        answer = self.answers[error.sentence]
        if answer.confidences is None or error.predicted is None:
            return None
        return answer.confidences[answer.spans.index(error.predicted)]

    def marks(self, sentence: Sentence, span: Span) -> bool:
        """Return whether it marks exactly this span."""
        return span in self.answers[sentence.id].spans


@dataclass(frozen=True, slots=True)
class Suspect:
    """A place where the annotation may be wrong.

    `error` is the error of a system that contradicts the gold here. `votes` are those of the systems that do, of
    `asked`; outside the test split there are none. `otherwise` of `others` other places of the same surface are
    annotated otherwise.
    """

    sentence: Sentence
    error: Error
    reason: str
    votes: tuple[float, ...] = ()
    asked: int = 0
    confidence: float | None = None
    otherwise: int = 0
    others: int = 0

    @property
    def score(self) -> float:
        """Return the mean of the systems' votes and of the part of other places annotated otherwise, from 0 to 1.

        The part is (otherwise + 1) / (others + 2), so that many places say more than few. Without systems their votes
        count one half.
        """
        votes = sum(self.votes) / self.asked if self.asked else _UNKNOWN
        return (votes + (self.otherwise + 1) / (self.others + 2)) / 2


def write_suspects(
    test: Path, others: Sequence[Path], predictions: Sequence[Path], settings: SuspectList, output: Path
) -> None:
    """Write the suspected annotation errors of a corpus, the likeliest first, as CSV with the columns `COLUMNS`.

    `evaluation.adjudication` reads it; the text is as in the file of errors. `test` and `others` are the sentences of
    the test split and of the other splits, `predictions` a file for each run and seed for the test sentences.
    """
    gold = read_gold(test)
    systems = [_system(gold, read_answers(gold, test, file)) for file in predictions]
    rest = [sentence for file in others for sentence in read_sentences(file)]
    ranked = sorted(suspects(gold, rest, systems, settings), key=lambda suspect: (-suspect.score, suspect.error.id))
    rows = (_row(rank, settings.corpus, suspect) for rank, suspect in enumerate(ranked, start=1))
    write_csv_rows(output, COLUMNS, rows)


def _system(gold: Sequence[Sentence], answers: Sequence[Prediction]) -> System:
    counts = strict_counts([sentence.spans for sentence in gold], [answer.spans for answer in answers])
    precision, recall, _ = total_ratios(counts)
    return System({answer.id: answer for answer in answers}, float(precision), float(recall))


def suspects(
    test: Sequence[Sentence], others: Sequence[Sentence], systems: Sequence[System], settings: SuspectList
) -> Iterator[Suspect]:
    """Yield the suspected annotation errors: those of all systems alike, then inconsistent places.

    A place is inconsistent if enough other places of its surface are annotated otherwise (`SuspectList`). In a test
    sentence at least one system must contradict the gold there too, so a mention on which the gold and all systems
    agree is never listed.
    """
    corpus = surface_places([*test, *others])
    tested = {sentence.id for sentence in test}
    listed: set[tuple[str, Span]] = set()
    for sentence in test:
        for error in _made_by_all(sentence, systems):
            listed |= {(sentence.id, span) for span in (error.gold, error.predicted) if span}
            yield _suspect(sentence, error, corpus, systems, systems, settings)
    for places in corpus.values():
        for marked, here in ((True, places.marked), (False, places.unmarked)):
            if not _inconsistent(*places.annotated_otherwise(marked=marked), settings):
                continue
            for sentence, span in here:
                asked = systems if sentence.id in tested else ()
                contradicting = [system for system in asked if system.marks(sentence, span) != marked]
                if (sentence.id, span) not in listed and (contradicting or not asked):
                    error = _error_at(sentence, span, marked=marked)
                    yield _suspect(sentence, error, corpus, contradicting, asked, settings)


def _inconsistent(otherwise: int, others: int, settings: SuspectList) -> bool:
    return others >= settings.places and otherwise >= settings.share * others


def _made_by_all(sentence: Sentence, systems: Sequence[System]) -> list[Error]:
    """Return gold mentions that no system marks, and spans that all mark and the gold does not have, in text order.

    A pair of two such spans that overlap is one error.
    """
    answers = [system.answers[sentence.id].spans for system in systems]
    missed = tuple(span for span in sentence.spans if not any(span in spans for spans in answers))
    invented = sorted(set[Span].intersection(*map(set, answers)).difference(sentence.spans))
    return sentence_errors(replace(sentence, spans=missed), invented)


def _error_at(sentence: Sentence, span: Span, *, marked: bool) -> Error:
    """Return the error of a system that does not mark a gold mention, or marks a span that the gold does not have."""
    (error,) = sentence_errors(replace(sentence, spans=(span,) if marked else ()), () if marked else (span,))
    return error


def _suspect(
    sentence: Sentence,
    error: Error,
    corpus: Mapping[Surface, Places],
    contradicting: Sequence[System],
    asked: Sequence[System],
    settings: SuspectList,
) -> Suspect:
    """Return a suspect with its evidence: the systems that contradict the gold, and the other places."""
    span = error.predicted or error.gold or Span(0, 0)
    surface = surface_of(sentence.text, span)
    places = corpus.get(surface, Places()) if surface else Places()
    marked = error.predicted is None
    itself = (sentence, span) in (places.marked if marked else places.unmarked)
    otherwise, others = places.annotated_otherwise(marked=marked, itself=itself)
    reasons = {
        "systems": bool(asked) and len(contradicting) == len(asked),
        "elsewhere": _inconsistent(otherwise, others, settings),
    }
    confidences = [value for system in contradicting if (value := system.confidence(error)) is not None]
    return Suspect(
        sentence,
        error,
        " and ".join(name for name, holds in reasons.items() if holds),
        votes=tuple(system.vote(error) for system in contradicting),
        asked=len(asked),
        confidence=sum(confidences) / len(confidences) if confidences else None,
        otherwise=otherwise,
        others=others,
    )


def _row(rank: int, corpus: str, suspect: Suspect) -> list[str | float | int]:
    sentence, error = suspect.sentence, suspect.error
    return [
        rank,
        rounded(suspect.score),
        suspect.reason,
        error.id,
        corpus,
        sentence.id,
        marked_text(sentence, [error.predicted] if error.predicted else [], error),
        *(sentence.text[slice(*span)] if span else "" for span in (error.gold, error.predicted)),
        error.kind,
        error.sub_kind,
        f"{len(suspect.votes)} of {suspect.asked}" if suspect.asked else "",
        "" if suspect.confidence is None else rounded(suspect.confidence),
        f"{suspect.otherwise} of {suspect.others}" if suspect.others else "",
        *("", "", ""),
    ]
