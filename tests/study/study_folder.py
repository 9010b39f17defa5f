"""A valid study as text, and ways to spoil it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from markner.errors import MarknerError
from markner.study.loading import load_study_file

STUDY = """\
study: small
question: Does it work?
corpora:
  ncbi:
    entity: disease
    variant: tokenized
    tokenized: {format: iob, train: data/train.tsv, dev: data/dev.tsv, test: data/test.tsv}
    raw:
      format: pubtator
      train: data/train.txt
      test:
        files: [data/test-1.txt, {url: "https://example.org/test-2.txt", sha256: %s}]
  bc2gm:
    entity: gene
    variant: raw
    raw:
      format: bc2gm
      test: {ids: data/ids.txt, pattern: "{id}.txt"}
prompts:
  generic: {}
  rich:
    enhancements: {disease: Diseases include syndromes.}
mixtures:
  ncbi:
    corpora: [ncbi]
    prompt: rich
    annotation_scheme: released
models:
  llama: {source: hub, id: huggyllama/llama-7b}
  bert: {source: folder, path: models/bert}
runs:
  untuned:
    system: generative
    model: llama
    evaluate: [ncbi, bc2gm]
  tuned:
    system: generative
    model: llama
    mixture: ncbi
    training:
      epochs: 2
      learning_rate: 1e-5
    seeds: [1, 2]
    evaluate: [ncbi, bc2gm]
  bert:
    system: encoder
    model: bert
    corpus: ncbi
    evaluate: [ncbi]
tables:
  main:
    title: Strict F1
    corpora: [ncbi, bc2gm]
    rows:
      - label: LLaMA
        runs: [tuned]
      - label: BERT
        runs: [bert]
figures:
  main: {table: main}
""" % ("a" * 64)


@pytest.fixture(scope="session")
def study_text() -> str:
    return STUDY


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without a mirror from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MARKNER_MIRROR", raising=False)
    return tmp_path


Spoil = Callable[..., str]


@pytest.fixture
def message_of(here: Path) -> Spoil:
    """What loading says of the study with pieces of its text replaced: pairs of old and new text."""

    def spoil(*pairs: tuple[str, str]) -> str:
        text = STUDY
        for old, new in pairs:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the study"
            text = text.replace(old, new)
        (here / "study.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(MarknerError) as error:
            load_study_file("study.yaml")
        return str(error.value)

    return spoil
