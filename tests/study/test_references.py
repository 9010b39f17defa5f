"""Names that lead nowhere, or to something that cannot serve."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from markner.study.checks.references import reference_problems
from markner.study.loading import load_study
from markner.study.schema.study import Study

pytest_plugins = ["study_folder"]

MessageOf = Callable[..., str]
KEYS = ("corpus", "model", "prompt")


def test_a_corpus_is_not_called_as_a_result_is(message_of: MessageOf) -> None:
    assert "no name of a corpus ends in `.tests`" in message_of(("  bc2gm:\n", "  bc2gm.tests:\n"))


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "what", "fix"),
    [
        (
            "    corpora: [ncbi]\n",
            "    corpora: [ncbl]\n",
            25,
            "mixtures.ncbi.corpora[0]",
            "entry of `corpora:`",
            "`ncbi`",
        ),
        (
            "    corpora: [ncbi]\n",
            "    corpora: [bc2gm]\n    split: dev\n",
            25,
            "mixtures.ncbi.corpora[0]",
            "`bc2gm` has no dev split on its variant `raw`; it has `test`",
            "dev: data/dev.txt",
        ),
        (
            "    corpora: [ncbi]\n",
            "    corpora: [bc2gm]\n    split: [test, dev]\n",
            25,
            "mixtures.ncbi.corpora[0]",
            "`bc2gm` has no dev split on its variant `raw`; it has `test`",
            "dev: data/dev.txt",
        ),
        (
            "    corpora: [ncbi]\n",
            "    corpora: [ncbi]\n    split: [train, train]\n",
            26,
            "mixtures.ncbi.split",
            "`train` stands there more than once",
            "split:",
        ),
        (
            "    corpora: [ncbi]\n",
            "    corpora: [ncbi, ncbi]\n",
            25,
            "mixtures.ncbi.corpora",
            "`ncbi` stands there more than once",
            "corpora: [ncbi]",
        ),
        (
            "  rich:\n",
            "  rich:\n    marks: ['[', ']']\n",
            27,
            "mixtures.ncbi.prompt",
            "`prompts.rich` has the marks `[`, `]`; the author release has `<mark>`, `</mark>`",
            "name a prompt without marks of its own",
        ),
        (
            "    prompt: rich",
            "    prompt: ritch",
            26,
            "mixtures.ncbi.prompt",
            "no entry of `prompts:` is called `ritch`",
            "prompt: rich",
        ),
        (
            "    variant: tokenized",
            "    variant: raw",
            27,
            "mixtures.ncbi.annotation_scheme",
            "`released` exists for the variant `tokenized` only",
            "annotation_scheme: span",
        ),
        (
            "    corpus: ncbi\n",
            "    corpus: ncbi\n    split: [dev, train]\n",
            45,
            "runs.bert",
            "`split` of an encoder is `train` or `[train, dev]`",
            "change `split`",
        ),
        (
            "    evaluate: [ncbi, bc2gm]\n  tuned:",
            "    evaluate: [ncbi, bc2gm]\n"
            "  ready: {system: encoder, trained: true, model: brt, labels: {B-D: B}, evaluate: [ncbi]}\n  tuned:",
            36,
            "runs.ready.model",
            "no entry of `models:` is called `brt`",
            "model: bert",
        ),
        (
            "    evaluate: [ncbi, bc2gm]\n  tuned:",
            "    evaluate: [ncbi, bc2gm]\n  again: {system: repaired, of: bort, steps: [consistency]}\n  tuned:",
            36,
            "runs.again.of",
            "no run that can be repaired is called `bort`",
            "of: bert",
        ),
        (
            "    evaluate: [ncbi, bc2gm]\n  tuned:",
            "    evaluate: [ncbi, bc2gm]\n"
            "  again: {system: repaired, of: bert, steps: [consistency], seeds: [2]}\n  tuned:",
            36,
            "runs.again.seeds",
            "`bert` has no predictions of `2`",
            "seeds: [1]",
        ),
        (
            "    evaluate: [ncbi, bc2gm]\n  tuned:",
            "    evaluate: [ncbi, bc2gm]\n"
            "  again: {system: repaired, of: bert, steps: [consistency], evaluate: [bc2gm]}\n  tuned:",
            36,
            "runs.again.evaluate",
            "`bert` has no predictions of `bc2gm`",
            "evaluate: [ncbi]",
        ),
        (
            "    model: bert",
            "    model: brt",
            47,
            "runs.bert.model",
            "no entry of `models:` is called `brt`",
            "model: bert",
        ),
        (
            "    mixture: ncbi",
            "    mixture: zzz",
            39,
            "runs.tuned.mixture",
            "no entry of `mixtures:` is called `zzz`",
            "write one of `ncbi`",
        ),
        (
            "    mixture: ncbi",
            "    mixture: ncbi\n    prompt: rich",
            40,
            "runs.tuned.prompt",
            "`tuned` is asked with the prompt of `ncbi`, on which it is trained",
            "set `prompt` there",
        ),
        (
            "    model: llama\n    evaluate",
            "    model: llama\n    prompt: ric\n    evaluate",
            35,
            "runs.untuned.prompt",
            "called `ric`",
            "prompt: rich",
        ),
        (
            "    model: llama\n    evaluate",
            "    model: llama\n    training: {epochs: 2}\n    evaluate",
            35,
            "runs.untuned.training",
            "`untuned` has no `mixture`, so nothing is trained",
            "add a `mixture`",
        ),
        (
            "{disease: Diseases",
            "{diseases: Diseases",
            22,
            "prompts.rich.enhancements.diseases",
            "no entity type of a corpus is called `diseases`",
            "did you mean `disease`?",
        ),
        (
            "prompts:\n  generic: {}",
            "prompts:",
            31,
            "runs.untuned.prompt",
            "called `generic`",
            "prompts:\n      generic: {}",
        ),
        (
            "    corpus: ncbi",
            "    corpus: bc2gm",
            48,
            "runs.bert.corpus",
            "`bc2gm` has no train split",
            "train: data/train.txt",
        ),
        ("    corpus: ncbi", "    corpus: nbci", 48, "runs.bert.corpus", "called `nbci`", "did you mean `ncbi`?"),
        (
            "    evaluate: [ncbi]\n",
            "    evaluate: [ncbi, ncbi]\n",
            49,
            "runs.bert.evaluate",
            "`ncbi` stands there more",
            "[ncbi]",
        ),
        (
            "    evaluate: [ncbi]\n",
            "    evaluate: [gene]\n",
            49,
            "runs.bert.evaluate[0]",
            "called `gene`",
            "write one of `ncbi`, `bc2gm`",
        ),
        (
            ", test: data/test.tsv}",
            "}",
            35,
            "runs.untuned.evaluate[0]",
            "`ncbi` has no test split on its variant `tokenized`",
            "test: data",
        ),
        (
            "seeds: [1, 2]",
            "seeds: [1, 2, 1]",
            43,
            "runs.tuned.seeds",
            "`1` stands there more than once",
            "seeds: [1, 2]",
        ),
        (
            "    corpora: [ncbi, bc2gm]\n    rows",
            "    corpora: [ncbi, bc5]\n    rows",
            53,
            "tables.main.corpora[1]",
            "`bc5`",
            "`bc2gm`",
        ),
        (
            "      - label: BERT",
            "      - label: LLaMA",
            57,
            "tables.main.rows[1].label",
            "another row is called `LLaMA`",
            "rename one of them",
        ),
        (
            "        runs: [bert]",
            "        runs: [brt]",
            58,
            "tables.main.rows[1].runs[0]",
            "`brt`",
            "did you mean `bert`?",
        ),
        (
            "        runs: [bert]",
            "        runs: [bert, tuned]",
            58,
            "tables.main.rows[1].runs[1]",
            "`tuned` is scored on `ncbi`, and so is `bert`",
            "give each run its own row",
        ),
        (
            "        runs: [bert]",
            "        runs: [bert]\n        paper: BERT",
            59,
            "tables.main.rows[1].paper",
            "does not say which of the paper's tables",
            "paper_table: table1",
        ),
        (
            "{table: main}",
            "{table: mian}",
            60,
            "figures.main.table",
            "no entry of `tables:` is called `mian`",
            "table: main",
        ),
        (
            "  generic: {}",
            "  generic: {}\n  Rich: {}",
            22,
            "prompts.rich",
            "differs from `prompts.Rich` only by case",
            "rich-2",
        ),
        (
            "  main: {table: main}",
            "  main: {table: main}\nkeep_models: [bert, untuned]",
            61,
            "keep_models[1]",
            "no trained run is called `untuned`",
            "`tuned`",
        ),
    ],
)
def test_a_reference_that_does_not_hold(
    message_of: MessageOf, old: str, new: str, line: int, key: str, what: str, fix: str
) -> None:
    message = message_of((old, new))
    assert f"study.yaml, line {line}: `{key}`: " in message
    problem = message[message.index(f"`{key}`: ") :].split("\n\n")[0]
    assert what in problem.partition("\n  fix: ")[0]
    assert fix in problem.partition("\n  fix: ")[2]


def test_types_come_first(message_of: MessageOf) -> None:
    message = message_of(("epochs: 2", "epochs: x"), ("    model: bert", "    model: zzz"))
    assert "epochs" in message
    assert "zzz" not in message


def test_the_default_prompt_need_not_exist_where_no_run_uses_it(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    del config["prompts"]["generic"], config["runs"]["untuned"]
    assert "untuned" not in load_study(config).runs


def test_a_tuned_run_may_be_scored_on_a_type_that_its_mixture_lacks(study_text: str) -> None:
    study = load_study(yaml.safe_load(study_text))
    assert study.runs["tuned"].evaluate == ["ncbi", "bc2gm"]


def test_two_runs_of_a_row_may_share_a_corpus_that_is_no_column(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    config["runs"]["other"] = config["runs"]["bert"] | {"evaluate": ["ncbi", "bc2gm"]}
    config["runs"]["bert"]["evaluate"] = ["bc2gm"]
    config["tables"]["main"] |= {"corpora": ["ncbi"], "rows": [{"label": "BERT", "runs": ["bert", "other"]}]}
    assert load_study(config).tables["main"].rows[0].runs == ["bert", "other"]


def test_a_run_trains_on_what_a_model_wrote_as_on_a_mixture(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    config["self_instruct"] = {"own": {"corpus": "ncbi", "model": "llama", "prompt": "rich"}}
    config["runs"]["tuned"]["mixture"] = "own"
    assert load_study(config).instruction_set("own").prompt == "rich"


def test_a_self_instruct_set_names_what_is_there(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    config["self_instruct"] = {"ncbi": {"corpus": "bc2gm", "model": "lama", "prompt": "ritch"}}
    problems = {problem.location: problem for problem in reference_problems(study_of(config))}
    assert set(problems) == {("self_instruct", "ncbi"), *(("self_instruct", "ncbi", key) for key in KEYS)}
    assert problems["self_instruct", "ncbi"].what == "`mixtures.ncbi` has the same files"
    assert "`ncbi-self`" in problems["self_instruct", "ncbi"].fix
    assert "`bc2gm` has no train split" in problems["self_instruct", "ncbi", "corpus"].what
    assert "model: llama" in problems["self_instruct", "ncbi", "model"].fix
    assert "prompt: rich" in problems["self_instruct", "ncbi", "prompt"].fix


def test_a_self_instruct_set_and_a_chat_run_have_no_context(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    config["prompts"]["wide"] = {"context": "title"}
    config["self_instruct"] = {"own": {"corpus": "ncbi", "model": "llama", "prompt": "wide"}}
    config["runs"]["asked"] = {"system": "chat", "model": "llama", "prompt": "wide", "evaluate": ["ncbi"]}
    problems = {problem.location: problem for problem in reference_problems(study_of(config))}
    shows = "`prompts.wide` shows `context: title`; "
    assert problems["self_instruct", "own", "prompt"].what == f"{shows}self-instruct writes sentences alone"
    assert problems["runs", "asked", "prompt"].what == f"{shows}chat runs ask about sentences alone"
    assert problems["runs", "asked", "prompt"].fix == "name a prompt without `context`"


def test_context_needs_corpora_without_a_sample(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    config["prompts"]["wide"] = {"context": "title"}
    config["mixtures"]["ncbi"]["prompt"] = "wide"
    encoder = next(run for run in config["runs"].values() if run["system"] == "encoder")
    encoder["context"] = "neighbors"
    assert reference_problems(study_of(config)) == []
    config["corpora"]["ncbi"]["sample"] = {"test": 5}
    whats = {problem.location: problem.what for problem in reference_problems(study_of(config))}
    needs = "needs all sentences of a document; `corpora.ncbi` has a `sample` of `test`"
    assert whats[("runs", "tuned", "evaluate")] == f"`context: title` {needs}"
    assert [what for what in whats.values() if what.startswith("`context: neighbors`")] == [
        f"`context: neighbors` {needs}"
    ]
    config["corpora"]["ncbi"]["sample"] = {"train": 5}
    assert ("mixtures", "ncbi", "prompt") in {problem.location for problem in reference_problems(study_of(config))}
    config["corpora"]["ncbi"]["sample"] = {"seed": 5}
    assert reference_problems(study_of(config)) == []


def test_paths_with_braces_are_wildcards_to_snakemake(study_text: str) -> None:
    config = yaml.safe_load(study_text)
    tokenized = {"train": {"path": "a{x}.tsv"}, "dev": {"ids": "b{x}.txt", "pattern": "b{y}/{id}.tsv"}, "test": "{.tsv"}
    config["corpora"]["braces"] = {"entity": "gene", "variant": "tokenized", "tokenized": {"format": "iob"} | tokenized}
    imported = {"system": "predictions", "format": "iob", "files": {"ncbi": "c{x}"}, "evaluate": ["ncbi"]}
    config["runs"]["imported"] = imported
    config["runs"]["repaired"] = {"system": "repaired", "of": "imported", "steps": ["gazetteer"], "gazetteer": "d{x}"}
    config["annotations"] = {"own": {"files": ["e", "e{x}"], "runs": [{"run": "tuned"}]}}
    config["errors"] = {"adjudicated": [{"run": "tuned", "corpus": "ncbi", "path": "f{x}"}]}
    problems = [problem for problem in reference_problems(study_of(config)) if "wildcard" in problem.what]
    assert [problem.what.partition(":")[0] for problem in problems] == [
        *("a{x}.tsv", "b{x}.txt", "b{y}/.tsv", "c{x}", "d{x}", "e{x}", "f{x}")
    ]
    assert problems[3].location == ("runs", "imported", "files", "ncbi")
    config["corpora"]["braces"]["tokenized"]["test"] = ""
    assert [each.location for each in reference_problems(study_of(config)) if each.what == "an empty path"] == [
        ("corpora", "braces")
    ]


def test_rows_of_the_paper(study_text: str, tmp_path: Path) -> None:
    config = yaml.safe_load(study_text)
    table = config["tables"]["main"]
    table["rows"][0]["paper"] = "PubMedBERT"
    table["rows"][1]["paper"] = "BioBERT"
    table["paper_table"] = "table1"
    file = tmp_path / "tables.json"
    study = study_of(config)
    assert reference_problems(study, file) == [], "without the file nothing can be checked"
    file.write_text(json.dumps({"tables": {"table1": {"BioBERT": {}, "PubmedBERT": {}}}}))
    [problem] = reference_problems(study, file)
    assert problem.location == ("tables", "main", "rows", 0, "paper")
    assert problem.what == "no row of the paper's table1 is called `PubMedBERT`"
    assert "paper: PubmedBERT" in problem.fix
    table["paper_table"] = "tabel1"
    [problem] = reference_problems(study_of(config), file)
    assert problem.location == ("tables", "main", "paper_table")
    assert "paper_table: table1" in problem.fix


TABLE = {"table": "main"}
OWN = {"corpus": "ncbi", "model": "llama", "prompt": "rich"}


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"self_instruct": {"NCBI": OWN}}, "differs from `mixtures.ncbi` only by case"),
        ({"strata_tables": {"MAIN": TABLE | {"title": "t"}}}, "differs from `tables.main` only by case"),
        ({"error_figures": {"x": TABLE, "X": TABLE}}, "differs from `error_figures.x` only by case"),
        ({"figures": {"x": TABLE}, "error_figures": {"X": TABLE}}, "differs from `figures.x` only by case"),
    ],
)
def test_names_in_one_folder_differ_by_more_than_case(
    sections: dict[str, object], message: str, study_text: str
) -> None:
    [problem] = reference_problems(study_of(yaml.safe_load(study_text) | sections))
    assert problem.what == f"{message}: one file on macOS and Windows"


def study_of(config: object) -> Study:
    return Study.model_validate(config)
