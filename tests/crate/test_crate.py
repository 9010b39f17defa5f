"""The research object of a study: valid for the public validator, the same each time, with answers to questions."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rdflib
from conftest import ROOT
from crate_validator import CONTEXT, issues

from runrecord.crate.crate import write_crate
from runrecord.errors import RecordError

sys.path.insert(0, str(ROOT / "tests" / "records"))
from small_study import GOOD, TABLE, make_study

NAMED = {
    "person": "Ada Example",
    "orcid": "0000-0002-1825-0097",
    "organisation": "Example",
    "url": "https://example.org/",
    "licence": "CC-BY-4.0",
}
NOBODY = dict.fromkeys(NAMED, "")
RULES = {"score": {"description": "Score predictions against the gold.", "environment": "env.yaml"}}


def study(published: dict[str, str]) -> dict[str, Any]:
    return {"study": "s", "question": "Do the good find more?", "published": published}


def make_crate(folder: str = "results/s/crate", published: dict[str, str] = NAMED) -> Path:
    workflow = ["Snakefile", "scripts/score.py", "scripts/table.py", "env.yaml"]
    write_crate(Path(folder), study(published), [Path(TABLE)], [], [Path(name) for name in workflow], RULES)
    return Path(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that has run."""
    folder = make_study(tmp_path_factory)
    (folder / "env.yaml").write_text("dependencies: [python]\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def working_folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(made)
    yield made


@pytest.fixture(scope="module")
def graph(made: Path) -> rdflib.Graph:
    """The crate as RDF, read with RO-Crate's own context."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        metadata = json.loads((make_crate() / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    context, terms = metadata["@context"]
    assert context == "https://w3id.org/ro/crate/1.1/context"
    metadata["@context"] = json.loads(CONTEXT.read_text(encoding="utf-8"))["@context"] | terms
    return rdflib.Graph().parse(data=json.dumps(metadata), format="json-ld", publicID="http://crate/")


PREFIXES = """
PREFIX s: <http://schema.org/>
PREFIX b: <https://bioschemas.org/>
PREFIX c: <https://bioschemas.org/ComputationalWorkflow#>
PREFIX w: <https://w3id.org/ro/terms/workflow-run#>
PREFIX m: <https://codemeta.github.io/terms/>
"""


def ask(graph: rdflib.Graph, question: str) -> list[tuple[Any, ...]]:
    """Rows of a SPARQL query, as plain values; addresses without the crate's own."""
    rows = graph.query(PREFIXES + question)
    return sorted(tuple(str(value).removeprefix("http://crate/") for value in row) for row in rows)


def test_it_is_valid_for_the_public_validator(made: Path, tmp_path: Path) -> None:
    assert issues(make_crate(), tmp_path / "cache") == []


def test_without_names_the_required_part_is_valid_and_nothing_is_invented(made: Path, tmp_path: Path) -> None:
    crate = make_crate(str(tmp_path / "crate"), NOBODY)
    assert issues(crate, tmp_path / "cache", "REQUIRED") == []
    assert '"Person"' not in (crate / "ro-crate-metadata.json").read_text(encoding="utf-8")


def test_the_validator_finds_a_step_without_its_tool(made: Path, tmp_path: Path) -> None:
    crate = tmp_path / "crate"
    shutil.copytree(make_crate(), crate)
    metadata = json.loads((crate / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    next(item for item in metadata["@graph"] if item["@id"] == "#step/table").pop("workExample")
    (crate / "ro-crate-metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    assert any("A HowToStep must refer to its corresponding tool" in issue for issue in issues(crate, tmp_path / "c"))


def test_the_same_records_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    first, second = make_crate(str(tmp_path / "a")), make_crate(str(tmp_path / "b"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert {str(path) for path in files} >= {"Snakefile", "study.yaml", "README.md", TABLE, "scripts/score.py"}
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in files)
    assert not (first / GOOD).exists(), "described, not copied"


def test_which_workflow_was_run_when_and_by_whom(graph: rdflib.Graph) -> None:
    found = ask(
        graph,
        """SELECT ?workflow ?who ?name WHERE { ?root s:mainEntity ?workflow . ?run s:instrument ?workflow ;
        a s:CreateAction ; s:agent ?who ; s:startTime ?start ; s:endTime ?end . ?who s:name ?name .
        FILTER(?start < ?end) }""",
    )
    assert found == [("Snakefile", "https://orcid.org/0000-0002-1825-0097", "Ada Example")]


def test_what_the_whole_run_read_and_wrote(graph: rdflib.Graph) -> None:
    objects = ask(graph, "SELECT ?file WHERE { <http://crate/#run> s:object ?file }")
    assert ("study.yaml",) in objects
    assert ("#results/s/corpora/genes/test.jsonl",) in objects
    assert len(objects) == 1 + 1 + 4 + 1  # settings, gold, four runs' answers, the paper's figures
    assert ask(graph, "SELECT ?file WHERE { <http://crate/#run> s:result ?file }") == [(TABLE,)]


def test_which_tool_ran_in_each_step_and_in_which_version(graph: rdflib.Graph) -> None:
    found = ask(
        graph,
        """SELECT ?step ?script ?version (COUNT(?job) AS ?jobs) WHERE { ?control a s:ControlAction ;
        s:instrument ?step ; s:object ?job . ?job s:instrument ?tool . ?step s:workExample ?tool .
        ?tool a s:SoftwareApplication ; s:mainEntity ?script ; s:version ?version }
        GROUP BY ?step ?script ?version""",
    )
    assert [(step, script, jobs) for step, script, _, jobs in found] == [
        ("#step/score", "scripts/score.py", "4"),
        ("#step/table", "scripts/table.py", "1"),
    ]
    record = json.loads(Path(GOOD + ".prov.json").read_text(encoding="utf-8"))
    assert found[0][2] == record["code"]["hash"]


def test_which_inputs_and_values_made_a_file(graph: rdflib.Graph) -> None:
    made = f"?job s:result <http://crate/#{GOOD}> ; s:object ?what ."
    files = ask(graph, f"SELECT ?what ?hash WHERE {{ {made} ?what w:sha256 ?hash }}")
    assert [name for name, _ in files] == [
        "#results/s/corpora/genes/test.jsonl",
        "#results/s/predictions/good/seed1/genes.jsonl",
    ]
    record = json.loads(Path(GOOD + ".prov.json").read_text(encoding="utf-8"))
    assert {value for _, value in files} == {entry["after"] for entry in record["inputs"]}
    value = "?what a s:PropertyValue ; s:name ?name ; s:value ?value"
    values = ask(graph, f"SELECT ?name ?value WHERE {{ {made} {value} }}")
    assert values == [("scoring.confidence", "0.95"), ("scoring.resamples", "100"), ("scoring.seed", "1")]


def test_the_whole_way_from_the_table_to_what_nobody_made(graph: rdflib.Graph) -> None:
    found = ask(
        graph, f"SELECT ?file WHERE {{ <http://crate/{TABLE}> (^s:result/s:object)+ ?file . ?file a s:MediaObject }}"
    )
    assert ("#" + GOOD,) in found
    assert ("#results/s/predictions/bad/seed2/genes.jsonl",) in found


def test_how_long_each_job_took_and_whether_it_succeeded(graph: rdflib.Graph) -> None:
    found = ask(
        graph,
        """SELECT ?name ?status WHERE { ?job a s:CreateAction ; s:instrument ?tool ; s:name ?name ; s:startTime ?start ;
        s:endTime ?end ; s:actionStatus ?status . ?tool a s:SoftwareApplication . FILTER(?start < ?end) }""",
    )
    assert len(found) == 5
    assert {status for _, status in found} == {"http://schema.org/CompletedActionStatus"}


def test_how_much_memory_and_processor_time_each_job_used(graph: rdflib.Graph) -> None:
    found = ask(
        graph,
        """SELECT ?job ?name ?value WHERE { ?job a s:CreateAction ; w:resourceUsage ?usage .
        ?usage a s:PropertyValue ; s:name ?name ; s:value ?value }""",
    )
    usage = json.loads(Path(GOOD + ".prov.json").read_text(encoding="utf-8"))["usage"]
    (job,) = {row[0] for row in ask(graph, f"SELECT ?job WHERE {{ ?job s:result <http://crate/#{GOOD}> }}")}
    assert {name: float(value) for place, name, value in found if place == job} == usage
    assert len(found) == 2 * 5


def test_which_packages_and_which_environment_file_a_step_used(graph: rdflib.Graph) -> None:
    found = ask(
        graph,
        """SELECT ?name ?version WHERE { <http://crate/#step/score> s:workExample ?tool .
        ?tool s:softwareRequirements ?package . ?package s:name ?name ; s:softwareVersion ?version }""",
    )
    packages = json.loads(Path(GOOD + ".prov.json").read_text(encoding="utf-8"))["environment"]["packages"]
    assert set(found) == {*packages.items(), ("python", sys.version.split()[0])}
    environments = ask(graph, "SELECT ?step ?file WHERE { ?step m:buildInstructions ?file }")
    assert environments == [("#step/score", "env.yaml")]
    descriptions = ask(graph, "SELECT ?step ?text WHERE { ?step a s:HowToStep ; s:description ?text }")
    assert descriptions == [("#step/score", "Score predictions against the gold.")]


def test_how_parameters_of_the_workflow_reached_the_tools(graph: rdflib.Graph) -> None:
    found = ask(
        graph,
        """SELECT ?source ?target WHERE { ?connection a w:ParameterConnection ; w:sourceParameter ?source ;
        w:targetParameter ?target . ?step w:connection ?connection }""",
    )
    assert ("#parameter/workflow/study", "#parameter/score/scoring.resamples") in found
    assert ("#parameter/score/output-1", "#parameter/table/scores") in found
    assert ("#parameter/table/output-1", "#parameter/workflow/table") in found


def test_a_forged_result_is_refused(made: Path, tmp_path: Path) -> None:
    content = Path(GOOD).read_bytes()
    Path(GOOD).write_bytes(content.replace(b"0", b"1", 1))
    try:
        with pytest.raises(RecordError, match=r"good/seed1/genes\.json: was changed after the job wrote it"):
            make_crate(str(tmp_path / "crate"))
    finally:
        Path(GOOD).write_bytes(content)


def test_a_result_without_a_record_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"paper\.json: no job left a record of it"):
        write_crate(tmp_path, study(NAMED), [Path("paper.json")], [], [Path("Snakefile")], RULES)
