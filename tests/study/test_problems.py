"""Every kind of mistake: place, key, what is wrong, and the YAML to write instead."""

import re
from collections.abc import Callable

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from markner.study.describe import models_in
from markner.study.schema.study import Study
from markner.study.wording import yaml_block

pytest_plugins = ["study_folder"]

MessageOf = Callable[..., str]


def block(text: str) -> str:
    """YAML as it stands in a fix."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def test_unknown_key_names_the_closest_key_with_its_documentation_and_all_keys(message_of: MessageOf) -> None:
    message = message_of(("epochs: 2", "epoch: 2"))
    assert message.startswith("study.yaml, line 41: `runs.tuned.training.epoch`: unknown key\n")
    assert "did you mean `epochs`? Passes over the instruction set. Allowed here: `method`, `epochs`," in message
    assert block("runs:\n  tuned:\n    training:\n      epochs: 2") in message


def test_unknown_key_that_is_like_no_other(message_of: MessageOf) -> None:
    message = message_of(("study: small", "study: small\nzzz: 1"))
    assert message.startswith("study.yaml, line 2: `zzz`: unknown key\n  fix: remove it. Allowed here: `study`,")


def test_unknown_key_that_belongs_one_level_deeper(message_of: MessageOf) -> None:
    message = message_of(("    mixture: ncbi\n", "    mixture: ncbi\n    warmup: 0.1\n"))
    assert message.startswith("study.yaml, line 40: `runs.tuned.warmup`: unknown key here\n")
    assert "move it into `training:`" in message
    assert block("runs:\n  tuned:\n    training:\n      warmup: 0.1") in message


def test_a_misspelt_required_key_is_one_problem(message_of: MessageOf) -> None:
    message = message_of(("    corpus: ncbi", "    corpos: ncbi"))
    assert "`runs.bert.corpos`: unknown key" in message
    assert "missing" not in message
    assert "problems" not in message


def test_missing_key_is_explained(message_of: MessageOf) -> None:
    message = message_of(("    model: bert\n", ""))
    assert message.startswith("study.yaml, line 45: `runs.bert.model`: missing: Pretrained model.")
    assert message.endswith("fix: add `model:`, a name")


def test_missing_key_at_the_top(message_of: MessageOf) -> None:
    message = message_of(("study: small\n", ""))
    assert message.startswith("study.yaml, line 1: `study`: missing: Name of the study")
    assert block("study: my-study") in message


@pytest.mark.parametrize(
    ("old", "new", "what", "fix"),
    [
        ("epochs: 2", "epochs: -1", "expected a number, above 0, found `-1`", "epochs: 3.0"),
        ("epochs: 2", "epochs: many", "expected a number, above 0, found `many`", "epochs: 3.0"),
        ("epochs: 2", "warmup: 1", "expected a number, at least 0 and below 1, found `1`", "warmup: 0.03"),
        ("epochs: 2", "batch_size: 2.5", "expected a whole number, at least 1, found `2.5`", "batch_size: 128"),
        ("epochs: 2", "method: LoRA", "expected `full`, `lora` or `qlora`, found `LoRA`", "method: lora"),
        ("epochs: 2", "method: [full]", "expected `full`, `lora` or `qlora`, found a list of 1", "method: full"),
        ("epochs: 2", "gradient_checkpointing: 7", "expected `true` or `false`, found `7`", "checkpointing: false"),
        ("seeds: [1, 2]", "seeds: []", "expected a list that is not empty, each entry a whole number", "seeds: [1]"),
        ("seeds: [1, 2]", "seeds: [1, x]", "`runs.tuned.seeds[1]`: expected a whole number, found `x`", "seeds: [1]"),
        ("seeds: [1, 2]", "seeds: 3", "expected a list that is not empty, each entry a whole number", "seeds: [1]"),
        (
            "question: Does it work?",
            "question: no",
            "expected text, found `false` (a truth value)",
            "question: 'false'",
        ),
        ("question: Does it work?", "question: 2024", "expected text, found `2024`", "question: '2024'"),
        (
            "question: Does it work?",
            "scoring: 3",
            "expected a section of `resamples`",
            "scoring:\n      resamples: 1000",
        ),
        ("question: Does it work?", "scoring:", "`scoring`: expected a section of `resamples`", "remove the empty key"),
        ("study: small", "study: a/b", "expected a name, found `a/b`. A name has letters, digits", "study: my-study"),
        ("prompts:\n  generic: {}", "prompts:\n  a b: {}", "`prompts.a b`: expected a name as the key", "to `a-b`"),
        ("huggyllama/llama-7b", "llama", "expected text of the form `owner/name`, found `llama`", "id: owner/name"),
        (
            "question: Does it work?",
            "published: {licence: CC BY 4.0}",
            "expected text that matches `^(|[A-Za-z0-9.+-]+)$`, found `CC BY 4.0`",
            "as `CC-BY-4.0`",
        ),
        ("entity: gene", 'entity: ""', "expected text, not empty, found empty text", "entity: disease"),
        (
            "entity: gene",
            "entity: gene\n    paper: {tset: {instances: 1, mentions: 1}}",
            "expected `train`",
            "to `test`",
        ),
    ],
)
def test_a_wrong_value(message_of: MessageOf, old: str, new: str, what: str, fix: str) -> None:
    message = message_of((old, new))
    place, _, rest = message.partition("\n  fix: ")
    assert place.startswith("study.yaml, line ")
    assert what in place
    assert fix in rest
    assert "problems" not in message


def test_an_unknown_kind_of_system(message_of: MessageOf) -> None:
    message = message_of(("system: encoder", "system: encodr"))
    assert message.startswith("study.yaml, line 46: `runs.bert.system`: expected `generative`")
    assert "found `encodr`" in message
    assert "did you mean `encoder`? There are `generative` (A causal language model), `encoder` (A token" in message
    assert block("runs:\n  bert:\n    system: encoder") in message
    assert "problems" not in message, "the keys of a section of unknown kind are not judged"


def test_a_kind_that_is_not_given(message_of: MessageOf) -> None:
    message = message_of(("{source: folder, path: models/bert}", "{path: models/bert}"))
    assert message.startswith("study.yaml, line 30: `models.bert.source`: missing")
    assert "`folder` (Weights in a local folder)" in message


@pytest.mark.parametrize(
    ("files", "what", "fix"),
    [
        (
            "3",
            "expected a file name, a section of `path`, `url`, `sha256` or a section of `files`",
            "train: data/train.txt",
        ),
        ("{foo: 1}", "found a section with the keys `foo`", "files: [data/train.in, data/GENE.eval]"),
        ("[a, b]", "found a list of 2", "files: [data/train.in, data/GENE.eval]"),
        ("{path: a, url: b}", "give exactly one of `path` and `url`", "change `path` or `url`. `path`: A local file"),
        ("{url: http://b}", "a `url` needs the file's `sha256`", "change `url` or `sha256`. `url`: An address"),
        ("{path: a, sha: b}", "`corpora.ncbi.raw.train.sha`: unknown key", "did you mean `sha256`?"),
        (
            "{url: b, sha256: x}",
            "raw.train.sha256`: expected 64 hexadecimal digits in lower case, found `x`",
            "sha256",
        ),
        ("{ids: a, pattern: b}", "`pattern` must contain {id}", "`pattern`: File name with `{id}`"),
        ("{files: [a, {path: b}, {path: b}]}", "`files` names a file twice", "`files`: Files read one after another"),
        ("{ids: a}", "`ids` and `pattern` belong together", "`pattern`: File name with `{id}`"),
        ("{file: [a]}", "`corpora.ncbi.raw.train.file`: unknown key", "did you mean `files`?"),
        (
            "{files: [3]}",
            "`corpora.ncbi.raw.train.files[0]`: expected a file name or a section of `path`",
            "files: [data/train.in, data/GENE.eval]",
        ),
        (
            "{files: [{path: a, url: b}]}",
            "train.files[0]`: give exactly one of `path` and `url`",
            "change `path` or `url`. `path`: A local file",
        ),
    ],
)
def test_a_wrong_file_is_one_problem_of_the_form_that_was_meant(
    message_of: MessageOf, files: str, what: str, fix: str
) -> None:
    message = message_of(("train: data/train.txt", f"train: {files}"))
    assert message.startswith("study.yaml, line 10: `corpora.ncbi.raw.train")
    assert what in message
    assert fix in message
    assert "problems" not in message


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "fix"),
    [
        (
            "    variant: raw\n",
            "    variant: tokenized\n",
            13,
            "`variant: tokenized` needs a section `tokenized:`",
            "tokenized:\n          format: iob",
        ),
        (
            "{format: iob, train",
            "{format: bioc-xml, train",
            4,
            "the `tokenized` section needs `format: iob`",
            "format: iob",
        ),
        (
            '      test: {ids: data/ids.txt, pattern: "{id}.txt"}\n',
            "",
            16,
            "at least one of `train`, `dev`, `test`",
            "test:",
        ),
        (
            "epochs: 2",
            "batch_size: 30",
            40,
            "`batch_size` (30) must be a multiple of `device_batch_size` (4)",
            "or `device",
        ),
        ("  generic: {}", "  generic: {instruction: Mark it.}", 20, "`instruction` must contain {entity}", "The task;"),
    ],
)
def test_keys_that_do_not_fit_each_other(
    message_of: MessageOf, old: str, new: str, line: int, what: str, fix: str
) -> None:
    message = message_of((old, new))
    place, _, rest = message.partition("\n  fix: ")
    assert place.startswith(f"study.yaml, line {line}: ")
    assert what in place
    assert fix in rest


def test_all_problems_are_shown_at_once_in_the_order_of_the_file(message_of: MessageOf) -> None:
    message = message_of(("epochs: 2", "epochs: 0"), ("study: small", "study: a b"), ("figures:", "figurs:"))
    assert message.startswith("3 problems in the configuration\n\nstudy.yaml, line 1: `study`:")
    places = [line.split(":")[0] for line in message.splitlines() if line.startswith("study.yaml")]
    assert places == ["study.yaml, line 1", "study.yaml, line 41", "study.yaml, line 59"]
    assert message.count("\n  fix: ") == 3


def test_messages_are_free_of_pydantic_s_words(message_of: MessageOf) -> None:
    message = message_of(
        ("epochs: 2", "epochs: x"),
        ("seeds: [1, 2]", "seeds: x"),
        ("system: encoder", "system: x"),
        ("{}", "3"),
        ("entity: gene", "entity:"),
    )
    for word in ("Input", "pydantic", "dictionary", "discriminator", "Value error", "function-after"):
        assert word not in message
    # A system of the study is called `tagger`.
    assert not re.search(r"\btags?\b", message)


def all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = {found for field in model.model_fields.values() for found in models_in(field.annotation)}
    return {model}.union(*(all_models(found) for found in below))


def test_every_example_of_the_schema_is_a_valid_value_of_its_key() -> None:
    models = all_models(Study)
    assert len(models) > 15
    checked = 0
    for model in models:
        for key, field in model.model_fields.items():
            for value in field.examples or []:
                assert yaml.safe_load(yaml_block((key,), value)) == {key: value}
                try:
                    TypeAdapter(field.rebuild_annotation()).validate_python(value)
                except ValidationError as error:
                    pytest.fail(f"{model.__name__}.{key}: the example {value!r} is not valid: {error}")
                checked += 1
    assert checked > 5
