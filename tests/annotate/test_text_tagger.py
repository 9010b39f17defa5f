"""Tagging from Python gives what `markner annotate` gives, from the settings that the study wrote."""

import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accents import accented, in_composed
from conftest import ROOT
from tagged_study import TAGGER, write_tiny_study

from markner import load
from markner.annotate.params import AnnotateParams
from markner.annotate.pipeline import AnnotationJob, annotate
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError
from markner.models.params import PredictParams
from markner.study.loading import load_study_file
from markner.study.queries import tagger
from markner.study.schema.annotations import Annotation, AnnotationRun

TEXTS = [
    "Patients with asthma, or with Sjögren syndrome.\n\nThey had  no fever.",
    "",
    "\U0001f9ec Asthma, \x00 and <mark> marks </mark> of \u202bothers\u202c.",
    *(
        document.text
        for document in read_documents([ROOT / "resources/sample/pubtator/test.PubTator"], "auto", ReadOptions())
    ),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = write_tiny_study(tmp_path_factory.mktemp("study"))
    (results / "taggers.json").write_text(json.dumps([TAGGER.model_dump()]), encoding="utf-8")
    return results / TAGGER.folder


def test_mentions_have_offsets_type_and_text(run: Path) -> None:
    tagger = load(str(run))
    mentions = [tagger(text) for text in TEXTS]
    assert sum(map(len, mentions)) > 20
    for text, inside in zip(TEXTS, mentions, strict=True):
        for mention in inside:
            assert mention.text == text[mention.start : mention.end] != ""
            assert mention.type == "disease"
            assert mention.confidence is not None
            assert 0 < mention.confidence <= 1


def test_the_example_of_the_documentation_runs(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "annotate.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (folder,) = re.findall(r'load\("(.*?)"\)', example)
    place = tmp_path / folder
    shutil.copytree(run, place)
    settings = TAGGER.model_copy(update={"run": place.parent.name, "folder": str(Path(*place.parts[-3:]))})
    (place.parents[2] / "taggers.json").write_text(json.dumps([settings.model_dump()]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    *before, last = example.strip().splitlines()
    assert len(before) + 1 <= 4
    exec("\n".join([*before, f"print({last})"]), {})
    text = last.split('"')[1]
    assert capsys.readouterr().out == f"{load(str(run))(text)}\n"


def test_four_hundred_mentions_in_a_sentence_have_their_places(run: Path) -> None:
    text = "mild colitis, " * 400
    mentions = load(str(run))(text)
    assert len(mentions) >= 400
    assert all(mention.text == text[mention.start : mention.end] for mention in mentions)


def test_composed_and_decomposed_texts_have_the_same_mentions(run: Path) -> None:
    composed = [unicodedata.normalize("NFC", accented(text)) for text in TEXTS[3:]]
    decomposed = [unicodedata.normalize("NFD", text) for text in composed]
    assert all(one != other for one, other in zip(composed, decomposed, strict=True))
    tagger, mentions = load(str(run)), 0
    for one, other, text in zip(tagger.tag(composed), tagger.tag(decomposed), decomposed, strict=True):
        moved = [in_composed(text, mention) for mention in other]
        assert [mention._replace(text=unicodedata.normalize("NFC", mention.text or "")) for mention in moved] == one
        mentions += len(one)
    assert mentions > 0


def test_mentions_of_low_confidence_are_left_out(run: Path) -> None:
    everything = load(str(run))(TEXTS[-1])
    middle = sorted(mention.confidence or 0 for mention in everything)[len(everything) // 2]
    confident = load(str(run), min_confidence=middle)(TEXTS[-1])
    assert 0 < len(confident) < len(everything)
    assert all((mention.confidence or 0) >= middle for mention in confident)


def test_many_texts_give_what_each_gives_alone(run: Path) -> None:
    tagger = load(str(run))
    assert list(tagger.tag(iter(TEXTS))) == [tagger(text) for text in TEXTS]
    assert list(tagger.tag([])) == []


def test_a_single_text_or_a_missing_one_is_an_error(run: Path) -> None:
    tagger = load(str(run))
    with pytest.raises(MarknerError, match="takes several texts, not one"):
        next(tagger.tag("asthma"))
    with pytest.raises(MarknerError, match=r"text 1 \(from 0\) is no string, but NoneType"):
        list(tagger.tag(["asthma", None]))  # type: ignore[list-item]


def test_settings_of_load_are_checked(run: Path) -> None:
    with pytest.raises(MarknerError, match="must be from 0 to 1"):
        load(str(run), min_confidence=90)
    with pytest.raises(MarknerError, match="is a list of types") as caught:
        load(str(run), entities="disease")  # type: ignore[arg-type]
    assert caught.value.fix == 'entities=["disease"]'


def test_the_mentions_are_those_of_the_command(run: Path, tmp_path: Path) -> None:
    text = TEXTS[0]
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    output = tmp_path / "tagged.jsonl"
    annotate(
        AnnotationJob([str(tmp_path / "text.txt")], "text", [TAGGER], run.parents[2], output, "jsonl", journal=None)
    )
    (document,) = read_documents([output], "jsonl", ReadOptions())
    bounds = [(mention.start, mention.end, mention.type) for mention in document.mentions]
    assert bounds == [mention[:3] for mention in load(str(run))(text)] != []


def test_what_a_run_was_trained_on_is_known_from_its_corpora() -> None:
    study = load_study_file(ROOT / "config" / "config.yaml")
    assert tagger(study, "bioner-llama2").tokenize
    own = Annotation(files=["texts"], runs=[AnnotationRun(run="bioner-llama2")])
    for as_trained in (True, False):
        annotations = {"own": own.model_copy(update={"as_trained": as_trained})}
        changed = study.model_copy(update={"annotations": annotations})
        (used,) = AnnotateParams.of(changed, {"annotation": "own"}).taggers
        assert used.tokenize == as_trained
    raw = {name: corpus.model_copy(update={"variant": "raw"}) for name, corpus in study.corpora.items() if corpus.raw}
    assert not tagger(study.model_copy(update={"corpora": study.corpora | raw}), "bioner-llama2").tokenize


def test_a_run_reads_tokens_of_raw_corpora_only_if_it_is_set() -> None:
    study = load_study_file(ROOT / "config" / "config.yaml")
    place = {"run": "bioner-llama2", "corpus": "nlm_gene", "seed": "1"}
    assert "tokenize" not in PredictParams.of(study, place).settings()
    run = study.runs["bioner-llama2"].model_copy(update={"as_trained": True})
    changed = study.model_copy(update={"runs": study.runs | {"bioner-llama2": run}})
    assert PredictParams.of(changed, place).settings()["tokenize"] is True


def test_half_a_surrogate_pair_is_an_error(run: Path) -> None:
    with pytest.raises(MarknerError, match=r"text 1 \(from 0\): character 2 is one half of a surrogate pair"):
        list(load(str(run)).tag(["Asthma.", "A \ud800."]))


def test_one_run_twice_gives_each_mention_once(run: Path) -> None:
    twice = load(str(run), str(run))
    assert [mention[:3] for mention in twice(TEXTS[0])] == [mention[:3] for mention in load(str(run))(TEXTS[0])]


def test_a_folder_may_be_named_in_any_way(run: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(run)
    (tmp_path / "results" / "mine").mkdir(parents=True)
    (tmp_path / "results" / "mine" / "models").symlink_to(run.parents[1])
    shutil.copy(run.parents[2] / "taggers.json", tmp_path / "results" / "mine")
    expected = load(str(run))(TEXTS[0])
    in_mine = tmp_path / "results" / "mine" / "models" / run.parent.name / run.name
    for name in (f"{run}/../{run.name}/", str(tmp_path / "link"), str(in_mine)):
        assert load(name)(TEXTS[0]) == expected
    assert load(str(run), entities=[])(TEXTS[0]) == expected


@pytest.mark.parametrize("folder", ["/", "/tmp", "."])
def test_a_folder_that_is_no_run_is_told(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MarknerError, match="not the folder of a trained run"):
        load(folder)


def test_a_run_without_its_seed_is_told(run: Path) -> None:
    with pytest.raises(MarknerError, match="not the folder of a trained run"):
        load(str(run.parent))


def test_what_cannot_be_loaded_is_an_error_with_the_way_out(run: Path, tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="no folder of a trained run is given"):
        load()
    with pytest.raises(MarknerError, match="there is no such folder"):
        load(str(run.parent / "seed2"))
    with pytest.raises(MarknerError, match=r"(?s)no run finds gene.*they find disease"):
        load(str(run), entities=["gene"])
    other = tmp_path / "results" / "other" / "models" / "tiny" / "seed1"
    other.mkdir(parents=True)
    with pytest.raises(MarknerError, match=r"(?s)taggers.json is missing.*snakemake -c1"):
        load(str(other))
    (other.parents[2] / "taggers.json").write_text("[]", encoding="utf-8")
    with pytest.raises(MarknerError, match="has no run tiny/seed1"):
        load(str(other))
    (other.parents[2] / "taggers.json").write_text("{", encoding="utf-8")
    with pytest.raises(MarknerError, match="not the settings of taggers"):
        load(str(other))


def _change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tokenizer": (lambda model: [path.unlink() for path in model.glob("tokenizer*")], "no tokenizer can be loaded"),
    "empty tokenizer": (lambda model: (model / "tokenizer.json").write_text("{}"), "no tokenizer can be loaded"),
    "foreign tokenizer": (lambda model: (model / "tokenizer.json").write_text('{"model": 1}'), "no tokenizer can be"),
    "no weights": (lambda model: (model / "model.safetensors").unlink(), "cannot be loaded as an encoder"),
    "other shapes": (lambda model: _change(model / "config.json", hidden_size=64), "cannot be loaded as an encoder"),
    "fewer layers": (lambda model: _change(model / "config.json", num_hidden_layers=2), r"its weights lack bert\.enc"),
    "other selection": (lambda model: (model.parents[2] / "selection.json").write_text("[]"), "does not name a point"),
    "generative": (
        lambda model: (model.parents[5] / "taggers.json").write_text(
            json.dumps([{**TAGGER.model_dump(), "system": "generative"}])
        ),
        "cannot be loaded as a causal language model",
    ),
    "older settings": (
        lambda model: (model.parents[5] / "taggers.json").write_text(json.dumps([{**TAGGER.model_dump(), "shots": 0}])),
        r"(?s)taggers\.json: not the settings of taggers of this version: 0\.shots: .*make it again: snakemake -c1",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_run_that_is_damaged_or_of_another_version_is_a_plain_error(damage: str, run: Path, tmp_path: Path) -> None:
    results = tmp_path / "results" / "tiny"
    shutil.copytree(run.parents[2], results)
    change, message = DAMAGE[damage]
    (model,) = results.glob("models/tiny/seed1/grid/*/model")
    change(model)
    with pytest.raises(MarknerError, match=message):
        load(str(results / TAGGER.folder))


def test_a_study_that_was_moved_tags_as_before(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run.parents[2], tmp_path / "moved" / "study")
    assert load(str(tmp_path / "moved" / "study" / TAGGER.folder))(TEXTS[0]) == load(str(run))(TEXTS[0])


@pytest.mark.parametrize("run", ["list-of-terms", "minilm-disease-repaired", "smollm2-5shot"])
def test_a_run_that_cannot_tag_texts_is_named(run: str) -> None:
    study = load_study_file(ROOT / "config" / "demo.yaml")
    with pytest.raises(MarknerError, match=f"runs.{run} cannot tag texts") as caught:
        tagger(study, run)
    assert "minilm-disease" in caught.value.fix
