"""A tiny model learns typed marks from corpora that know one type or two, and marks all types in one pass."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import once
from tiny_llama import SENTENCES, fine_tuning, write_tiny_llama

from markner.data.documents import Sentence, Span, write_sentences
from markner.data.instructions import build_mixture, read_instances
from markner.markup import mark_types, strip_marks
from markner.models.causal.finetune import finetune
from markner.models.decoding.drafts import continuation
from markner.models.decoding.predict import predict
from markner.models.tagging import GenerativeSystem, Tagged
from markner.predictions import read_predictions
from markner.study.params import EntityPrompt
from markner.study.schema.annotations import Tagger
from markner.study.schema.corpora import Mixture, Prompt
from markner.study.schema.systems import Decoding, Training

MARKS = {"disease": ["[", "]"], "place": ["{", "}"], "action": ["#", "$"]}
TYPES = list(MARKS)
PROMPT = Prompt(marks_by_type=MARKS, template="{instruction}|{input}|")
PLAIN = Prompt(marks=["[", "]"], template=PROMPT.template)
SURFACES = {
    "place": {2: "mice", 3: "tissues", 6: "Wilms"},  # `Wilms` lies inside of the disease `Wilms tumour`
    "action": {0: "inherited", 4: "cloned", 6: "compared"},
}
DECODING = Decoding(method="greedy", batch_size=4, precision="fp32", max_new_tokens_margin=8)


def gold(kind: str) -> list[Sentence]:
    rows = []
    for number, (text, spans) in enumerate(SENTENCES):
        if kind != "disease":
            surface = SURFACES[kind].get(number)
            spans = [(text.index(surface), text.index(surface) + len(surface))] if surface else []
        mentions = tuple(Span(*span) for span in spans)
        rows.append(Sentence(f"{kind}.{number}", "d", text, mentions, mentions))
    return rows


def train(folder: Path, prompt: Prompt) -> None:
    """Train a tiny model on all types, each a corpus of its own, and leave the corpora beside it."""
    for kind in TYPES:
        write_sentences(folder / f"{kind}.jsonl", gold(kind))
    training = Training(epochs=80, learning_rate=1e-2, batch_size=7, device_batch_size=7, precision="fp32")
    settings = replace(fine_tuning(write_tiny_llama(folder / "random"), folder, training), template=prompt.template)
    build_mixture(
        Mixture(corpora=TYPES),
        prompt,
        {kind: kind for kind in TYPES},
        [folder / f"{kind}.jsonl" for kind in TYPES],
        settings.instructions,
        folder / "index.csv",
    )
    finetune(settings)


def learned(tmp_path_factory: pytest.TempPathFactory, prompt: Prompt) -> Path:
    """Return the folder of a model that knows all types by heart; it is trained once a session, and not changed."""
    name = "learned-typed" if prompt.marks_by_type else "learned-plain"
    return once(tmp_path_factory.getbasetemp(), name, lambda folder: train(folder, prompt))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    shutil.copytree(learned(tmp_path_factory, PROMPT), folder, dirs_exist_ok=True)
    assert len(read_instances(folder / "instructions.json")) == len(SENTENCES)
    return folder


@pytest.mark.parametrize("method", ["greedy", "copy-draft"])
def test_each_corpus_gets_the_mentions_of_its_type_from_answers_with_all(tuned: Path, method: str) -> None:
    decoding = DECODING.model_copy(update={"method": method})
    answers = {}
    for kind in TYPES:
        prompt = EntityPrompt.of_prompt(PROMPT, kind)
        predict(tuned / "model", tuned / f"{kind}.jsonl", prompt, decoding, tuned / f"{method}.{kind}.out.jsonl")
        answers[kind] = list(read_predictions(tuned / f"{method}.{kind}.out.jsonl"))
        assert [answer.spans for answer in answers[kind]] == [row.spans for row in gold(kind)]
        assert all(answer.status == "ok" for answer in answers[kind])
        assert all(0.5 < value <= 1 for answer in answers[kind] for value in answer.confidences or ())
    assert [answer.raw for answer in answers["disease"]] == [answer.raw for answer in answers["place"]]
    assert answers["disease"][6].raw == "[Retinoblastoma] , [{Wilms} tumour] and [melanoma] were #compared$ ."


def test_copy_draft_has_the_confidences_of_greedy(tuned: Path) -> None:
    for kind in TYPES:
        prompt = EntityPrompt.of_prompt(PROMPT, kind)
        values = []
        for method in ("greedy", "copy-draft"):
            output = tuned / f"{method}.{kind}.confidences.jsonl"
            predict(
                tuned / "model", tuned / f"{kind}.jsonl", prompt, DECODING.model_copy(update={"method": method}), output
            )
            values.append([value for answer in read_predictions(output) for value in answer.confidences or ()])
        assert values[0] == pytest.approx(values[1], abs=2e-4)
        assert len(values[0]) == sum(len(row.spans) for row in gold(kind))


def tagger(prompt: Prompt, method: str) -> Tagger:
    settings = Tagger(
        run="typed",
        seed=1,
        system="generative",
        folder="model",
        instructions={kind: prompt.instruction_text(*(TYPES if prompt.marks_by_type else [kind])) for kind in TYPES},
        template=prompt.template,
        decoding=DECODING.model_copy(update={"method": method}),
        marks=prompt.marks,
        marks_by_type=prompt.marks_by_type,
    )
    return Tagger.model_validate(settings.model_dump())


def tagged(folder: Path, prompt: Prompt, method: str) -> tuple[list[Tagged], int]:
    """Return what a model finds in all sentences, and its forward passes."""
    system = GenerativeSystem(tagger(prompt, method), folder / "model")
    passes = 0

    def count(*_: object) -> None:
        nonlocal passes
        passes += 1

    system._model.register_forward_pre_hook(count)
    return system.tag([text for text, _ in SENTENCES]), passes


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learned(tmp_path_factory, PLAIN)


@pytest.mark.parametrize(("method", "part"), [("greedy", 1 / 2), ("copy-draft", 3 / 4)])
def test_one_pass_tags_all_types_and_reads_less_than_a_pass_for_each(
    tuned: Path, plain: Path, method: str, part: float
) -> None:
    together, once = tagged(tuned, PROMPT, method)
    alone, thrice = tagged(plain, PLAIN, method)
    for number, (answer, other) in enumerate(zip(together, alone, strict=True)):
        expected = [(*span, kind) for kind in TYPES for span in gold(kind)[number].spans]
        assert [mention[:3] for mention in answer.mentions] == expected
        assert [mention[:3] for mention in other.mentions] == expected
        assert (answer.statuses, other.statuses) == (["ok"], ["ok"] * 3)
    assert once <= part * thrice


def test_a_begun_answer_goes_on_through_marks_of_several_types() -> None:
    marks = PROMPT.all_marks
    source = "ataxia and Wilms tumour"
    written = mark_types(source, {"disease": [Span(0, 6), Span(11, 23)], "place": [Span(11, 16)]}, marks)  # type: ignore[arg-type]
    assert written == "[ataxia] and [{Wilms} tumour]"
    for cut in range(1, len(written)):
        copied = strip_marks(written[:cut], marks, "place").text
        rest, inside = continuation(source, written[:cut], marks)
        assert rest == source[len(copied) :]
        opened = written[:cut].count("[") + written[:cut].count("{")
        assert inside == (opened > written[:cut].count("]") + written[:cut].count("}"))


def test_a_begun_mark_is_completed_as_the_open_types_closing_mark_or_as_an_opening_one() -> None:
    marks = Prompt(marks_by_type={kind: [f"<{kind}>", f"</{kind}>"] for kind in TYPES}).all_marks
    assert continuation("a b", "<disease>a</d", marks)[0] == "isease> b"
    assert continuation("a b", "<disease><place>a</", marks)[0] == "place> b"
    assert continuation("a b", "a <pl", marks)[0] == "ace>b"
    assert continuation("a b", "a <", marks)[0] == "disease>b"
    assert continuation("a b", "<disease>a <pl", marks)[0] == "ace>b"
