"""Loading: good studies, broken files, files merged with --config, and studies spoilt at random."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from markner.errors import MarknerError
from markner.study.loading import load_study, load_study_file

pytest_plugins = ["study_folder"]


def message_of_load(config: Any, files: list[Path] | None = None) -> str:
    with pytest.raises(MarknerError) as error:
        load_study(config, files or [])
    return str(error.value)


def test_a_valid_study_loads_from_a_file_and_from_a_merged_dictionary(here: Path, study_text: str) -> None:
    file = here / "study.yaml"
    file.write_text(study_text)
    study = load_study_file(file)
    assert study.study == "small"
    assert study.runs["tuned"].system == "generative"
    assert study.runs["tuned"].training.learning_rate == 1e-5, "YAML 1.1 reads 1e-5 as text"
    assert study.mirror is None
    assert load_study(yaml.safe_load(study_text), [file]) == study


def test_a_number_can_be_a_name(here: Path, study_text: str) -> None:
    text = study_text.replace("  bc2gm:\n", "  2008:\n").replace("bc2gm]", '"2008"]')
    assert "2008" in load_study(yaml.safe_load(text)).corpora


def test_mirror_comes_from_the_environment_unless_the_config_names_one(
    here: Path, study_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = yaml.safe_load(study_text)
    monkeypatch.setenv("MARKNER_MIRROR", "from-environment")
    assert load_study(config).mirror == "from-environment"
    assert load_study(config | {"mirror": "from-config"}).mirror == "from-config"
    assert "mirror" not in config, "the caller's configuration must not change"


def test_merged_keys_and_aliases(here: Path, study_text: str) -> None:
    text = study_text.replace("  untuned:\n", "  untuned: &base\n").replace(
        "  bert:\n    system", "  other:\n    <<: *base\n    seeds: [3, x]\n  bert:\n    system"
    )
    (here / "study.yaml").write_text(text)
    with pytest.raises(MarknerError, match=r"study\.yaml, line 47: `runs\.other\.seeds\[1\]`: expected a whole number"):
        load_study_file("study.yaml")
    (here / "study.yaml").write_text(text.replace(", x]", "]"))
    assert load_study_file("study.yaml").runs["other"].model == "llama"


def test_a_key_given_twice(here: Path, study_text: str) -> None:
    (here / "study.yaml").write_text(study_text + "study: again\n")
    with pytest.raises(MarknerError, match=r"study\.yaml, line 61: the key `study` is already given on line 1"):
        load_study_file("study.yaml")
    with pytest.raises(MarknerError, match="line 61: the key `study`"):
        load_study(yaml.safe_load(study_text), ["study.yaml"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("study: [a\nb: c\n", r"study\.yaml, line 2: not valid YAML"),
        ("study: a\n\tb: c\n", r"study\.yaml, line 2: not valid YAML"),
        ("- a\n- b\n", r"study\.yaml, line 1: expected keys with values"),
        ("", r"study\.yaml, line 1: `study`: missing"),
        ("a: &x [*x]\n", "nested more than 40 levels deep"),
        ("a: !!python/object:os.system x\n", r"study\.yaml, line 1: not valid YAML"),
        ("a: 2024-13-45\n", r"study\.yaml: not valid YAML: month"),
        ("? [a, b]\n: c\n", r"study\.yaml, line 1: not valid YAML: found unhashable key"),
        ("a: 1\n---\nb: 1\n", r"study\.yaml, line 2: not valid YAML"),
    ],
)
def test_files_that_are_no_study(here: Path, content: str, message: str) -> None:
    (here / "study.yaml").write_text(content)
    with pytest.raises(MarknerError, match=message):
        load_study_file("study.yaml")


def test_files_that_cannot_be_read(here: Path) -> None:
    with pytest.raises(MarknerError, match=r"none\.yaml: cannot be read: No such file"):
        load_study_file("none.yaml")
    (here / "latin.yaml").write_bytes(b"study: a\ntitle: \xe9\n")
    message = r"latin\.yaml, line 2: not UTF-8: .* at byte 16 of the file\n  fix: save the file as UTF-8"
    with pytest.raises(MarknerError, match=message):
        load_study_file("latin.yaml")


def test_the_file_that_holds_the_value_in_force_is_named(here: Path, study_text: str) -> None:
    base, over = here / "base.yaml", here / "over.yaml"
    base.write_text(study_text)
    over.write_text("# over\nscoring:\n  resamples: 5\n  seed: 2\n")
    config = yaml.safe_load(study_text) | {"scoring": {"resamples": 5, "seed": 2}}
    for files in ([base, over], [over, base]):
        assert "over.yaml, line 3: `scoring.resamples`: expected a whole number, at least 100" in message_of_load(
            config, files
        )
    base.write_text(study_text + "scoring:\n  resamples: 7\n")
    config["scoring"]["resamples"] = 7
    assert message_of_load(config, [over, base]).startswith("base.yaml, line 62:")


def test_a_value_that_no_file_holds_came_by_the_command_line(here: Path, study_text: str) -> None:
    file = here / "study.yaml"
    file.write_text(study_text)
    config = yaml.safe_load(study_text)
    assert message_of_load(config | {"mirorr": "x"}, [file]).startswith("--config mirorr=...: `mirorr`: unknown key")
    config["runs"]["tuned"]["training"]["epochs"] = -1
    assert message_of_load(config, [file]).startswith("--config runs=...: `runs.tuned.training.epochs`")
    assert message_of_load(config).startswith("the configuration: `runs.tuned.training.epochs`")


def test_a_configuration_that_is_no_mapping() -> None:
    assert "the configuration is a list" in message_of_load([])


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [at, *(place for step, item in steps for place in _places(item, (*at, step)))]


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.binary(max_size=3)
    | st.text(max_size=5)
    | st.sampled_from(["ncbi", "NCBI", "tuned", "generic", "hub", "encoder", "[key]", "1e-5", "0" * 5000]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["system", "source", "path", "files", "model", "train", "[key]", "str", 1, None, True, "é"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("seeds: [1, 2]", "seeds: [-1]", "runs.tuned.seeds[0]"),
        ("seeds: [1, 2]", "seeds: [20261127120000]", "runs.tuned.seeds[0]"),
        ("question:", "scoring: {seed: -1}\nquestion:", "scoring.seed"),
        ("    corpus: ncbi", "    grid: {batch_size: [0]}\n    corpus: ncbi", "runs.bert.grid.batch_size[0]"),
        ("    corpus: ncbi", "    grid: {learning_rate: [-1]}\n    corpus: ncbi", "runs.bert.grid.learning_rate[0]"),
        ("    corpus: ncbi", "    grid: {max_length: [-5]}\n    corpus: ncbi", "runs.bert.grid.max_length[0]"),
        ("    corpus: ncbi", "    grid: {dropout: [7]}\n    corpus: ncbi", "runs.bert.grid.dropout[0]"),
    ],
)
def test_numbers_that_no_job_could_use(study_text: str, old: str, new: str, key: str) -> None:
    assert study_text.count(old) == 1
    assert f"`{key}`: " in message_of_load(yaml.safe_load(study_text.replace(old, new)))


def test_a_name_of_the_demo_that_leads_nowhere_is_a_markner_error_or_no_name() -> None:
    config = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
    refused = 0
    for section in ("mixtures", "self_instruct", "runs", "suspects", "calibrations", "tables", "annotations"):
        for place in _places(config[section]):
            spoilt = copy.deepcopy(config)
            holder = spoilt[section]
            for step in place[:-1]:
                holder = holder[step]
            if place and isinstance(holder[place[-1]], str):
                holder[place[-1]] = "zzz"
                try:
                    load_study(spoilt)
                except MarknerError:
                    refused += 1
    assert refused > 100


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_study_spoilt_at_random_loads_or_raises_a_markner_error(study_text: str, data: st.DataObject) -> None:
    config = yaml.safe_load(study_text)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([place for place in _places(config) if place]))
        holder = config
        for step in place[:-1]:
            holder = holder[step]
        change = data.draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if change == "replace":
            holder[place[-1]] = data.draw(JUNK)
        elif change == "remove":
            del holder[place[-1]]
        elif isinstance(holder, list):
            holder.append(data.draw(JUNK))
        elif change == "rename":
            holder[data.draw(st.sampled_from([f"{place[-1]}x", str(place[-1]).upper(), 7, "a b", "[key]"]))] = (
                holder.pop(place[-1])
            )
        else:
            holder[data.draw(st.sampled_from(["epochs", "seeds", "extra", "str", "training"]))] = data.draw(JUNK)
        if not config:
            return
    try:
        load_study(config)
    except MarknerError as error:
        assert "fix" in str(error)
