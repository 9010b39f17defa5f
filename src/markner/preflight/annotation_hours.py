"""Time and cost of annotating many abstracts: from the rate of shards that ran, else from stated rates."""

from collections.abc import Iterator
from pathlib import Path

from markner.files import read_json
from markner.preflight.hours import decoding_hours
from markner.study.paths import results_of
from markner.study.queries import generative, hardware_of, tagger
from markner.study.schema.study import Study
from markner.study.schema.systems import GenerativeRun

SENTENCES_AN_ABSTRACT = 10


def annotation_lines(study: Study, abstracts: int, gpu_dollars: float | None) -> Iterator[str]:
    """Yield for each annotation of a study how long a number of abstracts takes and, by the price of a GPU-hour, costs.

    The rate is that of the shards that ran, whose costs are among the study's results.
    """
    for name in study.annotations:
        measured = list(_measured(results_of(study.study) / "costs" / "annotations" / name))
        for device, documents, seconds in measured:
            source = f"measured on {documents:,} documents with {device}: {documents / seconds:,.1f} a second"
            yield f"  {name}: {_amount(abstracts * seconds / documents / 3600, gpu_dollars)} ({source})"
        if not measured:
            hours = _expected(study, name, abstracts)
            if hours is None:
                yield f"  {name}: not known; tag some texts, which measures the rate"
            else:
                yield f"  {name}: {_amount(hours, gpu_dollars)} (not measured: by the rates of docs/hpc.md)"


def _amount(hours: float, gpu_dollars: float | None) -> str:
    dollars = "" if gpu_dollars is None else f", {hours * gpu_dollars:,.2f} dollars"
    return f"{hours:,.2f} hours of one device{dollars}"


def _measured(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Yield device, documents and seconds of the shards of an annotation, by device."""
    costs = [read_json(path) for path in sorted(folder.glob("*.json")) if not path.name.endswith(".prov.json")]
    for device in sorted({each["device"] for each in costs}):
        own = [each for each in costs if each["device"] == device and each["documents"]]
        if own:
            yield device, sum(each["documents"] for each in own), sum(each["seconds"] for each in own)


def _expected(study: Study, annotation: str, abstracts: int) -> float | None:
    """Return the hours by the stated rates of decoding; None for encoders and models of unknown size."""
    total = 0.0
    for item in study.annotations[annotation].runs:
        billions = hardware_of(study, item.run).billions
        if not isinstance(study.runs[item.run], GenerativeRun) or billions is None:
            return None
        types = len(tagger(study, item.run, item.seed, item.entities).instructions)
        decoding = generative(study, item.run).decoding
        total += decoding_hours(billions, decoding, abstracts * SENTENCES_AN_ABSTRACT * types)
    return total
