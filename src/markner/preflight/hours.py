"""GPU-hours that trainings and predictions are expected to take, from stated rates. No GPU has measured them yet.

- A training computes 6 operations for each parameter and token (4 with frozen weights; a third more with gradient
  checkpointing), at 22% of the peak of an H100, and reads and saves its model in five minutes. An example has 172
  tokens: the mean of the paper's instruction set with LLaMA's tokenizer.
- A prediction reads all weights for each token, at a quarter of the memory bandwidth of an H100, for batches whose
  longest answer has 100 tokens. A draft of the input saves five of six passes. It starts in two minutes.
- An encoder takes five minutes for each grid point.
"""

from pathlib import Path

from markner.data.documents import read_sentences
from markner.study.paths import results_of
from markner.study.queries import generative, hardware_of, training_processes
from markner.study.schema.corpora import Split
from markner.study.schema.study import Study
from markner.study.schema.systems import Decoding, GenerativeRun

MINUTES_AN_ENCODER_POINT = 5
_PEAK_FLOPS, _MFU = 989e12, 0.22
_BYTES_A_SECOND = 3.35e12 / 4
_TOKENS_AN_EXAMPLE = 172
_TOKENS_A_BATCH = 100
_PASSES = {"greedy": 1.0, "constrained": 1 / 6, "copy-draft": 1 / 6}
_TRAINING_OVERHEAD, _PREDICTION_OVERHEAD = 5 / 60, 2 / 60


def training_hours(study: Study, run: str) -> float | None:
    """Return the GPU-hours of one training of a run; None if the model's size or the examples are unknown."""
    settings, billions = generative(study, run), hardware_of(study, run).billions
    examples = _examples(study, settings)
    if billions is None or examples is None:
        return None
    training = settings.training
    factor = (6 if training.method == "full" else 4) * (4 / 3 if training.gradient_checkpointing else 1)
    operations = factor * 1e9 * billions * examples * _TOKENS_AN_EXAMPLE * training.epochs
    return operations / (_PEAK_FLOPS * _MFU) / 3600 + _TRAINING_OVERHEAD * training_processes(study, run)


def prediction_hours(study: Study, run: str) -> float | None:
    """Return the GPU-hours of the predictions of a run with one seed; None if a size is unknown."""
    settings, billions = generative(study, run), hardware_of(study, run).billions
    sizes = [sentences(study, corpus, "test") for corpus in settings.evaluate]
    if billions is None or None in sizes:
        return None
    total = sum(size or 0 for size in sizes)
    return decoding_hours(billions, settings.decoding, total) + _PREDICTION_OVERHEAD * len(sizes)


def decoding_hours(billions: float, decoding: Decoding, texts: int) -> float:
    """Return the hours in which a GPU decodes the answers to some texts."""
    width = 2 if decoding.precision == "bf16" else 4
    passes = texts / decoding.batch_size * _TOKENS_A_BATCH * _PASSES[decoding.method]
    return passes * width * 1e9 * billions / _BYTES_A_SECOND / 3600


def split_file(study: Study, corpus: str, split: Split) -> Path:
    """Return the file of sentences of a corpus' split; it exists once the corpus is fetched."""
    return results_of(study.study) / "corpora" / corpus / study.corpora[corpus].variant / f"{split}.jsonl"


def sentences(study: Study, name: str, split: Split) -> int | None:
    """Return the sentences of a corpus' split: those fetched, the sample's, or the paper's; None if unknown.

    For a corpus without the paper's counts, those of a corpus with the same file count.
    """
    corpus = study.corpora[name]
    path = split_file(study, name, split)
    if path.is_file():
        return sum(1 for _ in read_sentences(path))
    sampled: int | None = getattr(corpus.sample, split)
    if sampled is not None:
        return sampled
    file = getattr(corpus.source(corpus.variant), split)
    twins = [other for other in study.corpora.values() if getattr(other.source(corpus.variant), split, None) == file]
    return next((each.paper[split].instances for each in [corpus, *twins] if split in each.paper), None)


def _examples(study: Study, run: GenerativeRun) -> float | None:
    """Return the instruction examples of a run's mixture; of a self-instruct set the most that it can have."""
    assert run.mixture is not None
    if run.mixture in study.self_instruct:
        own = study.self_instruct[run.mixture]
        return own.seed_sentences + own.writing.candidates
    mixture = study.mixtures[run.mixture]
    total = 0.0
    for corpus in mixture.corpora:
        sizes = [sentences(study, corpus, split) for split in mixture.split]
        if None in sizes:
            return None
        total += min(sum(size or 0 for size in sizes) * mixture.fraction, mixture.limit or float("inf"))
    return total
