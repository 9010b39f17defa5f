"""A study as a Provenance Run RO-Crate: what was run on what, by which code and settings, when, on which machine.

Follows the Provenance Run Crate profile 0.5 (https://w3id.org/ro/wfrun/provenance/0.5) on RO-Crate 1.1. The crate holds
the workflow, its environments, the study's settings and the final results; every other file is described by path, size
and SHA-256 under a local identifier, since models are large and corpora have licences of their own. Nothing is
invented: all facts are those of the records, so the same records give the same bytes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from runrecord.audit import Node
from runrecord.crate.graph import Graph, refs
from runrecord.crate.jobs import Lineage, lineage
from runrecord.crate.run import Run
from runrecord.files import write_text
from runrecord.hashing import hash_path
from runrecord.record import IN_CHECKOUT, clean, portable

_WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    _WORKFLOW_CRATE: "Workflow RO-Crate",
}
_WFRUN = "https://w3id.org/ro/terms/workflow-run#"
TERMS = {
    name: _WFRUN + name
    for name in ("ParameterConnection", "connection", "sourceParameter", "targetParameter", "resourceUsage", "sha256")
} | {
    "buildInstructions": "https://codemeta.github.io/terms/buildInstructions",
    "localPath": "https://w3id.org/ro/terms#localPath",
}
"""Terms beyond RO-Crate's own context. They stand in the crate itself: who reads it needs one context, not two."""
STUDY_FILE, README = "study.yaml", "README.md"


def write_crate(
    folder: Path,
    study: Mapping[str, Any],
    kept: Sequence[Path],
    named: Sequence[Path],
    workflow: Sequence[Path],
    rules: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the crate of a study.

    Args:
        folder: the folder of the crate; made if it is not there.
        study: all settings of the study.
        kept: results whose copies go into the crate, relative to the working folder.
        named: further results that are described, with their lineage, and not copied.
        workflow: the Snakefile, then the other files of the workflow, all copied.
        rules: by rule its `description`, and its `environment`: the file of its packages, in `workflow`.

    Raises:
        RecordError: a result has no record, or bytes are not those that a job wrote.
    """
    results = [path.as_posix() for path in (*kept, *named)]
    made = lineage(Path(), results)
    held = {portable(path).removeprefix(IN_CHECKOUT): path for path in (*workflow, *kept)}
    write_text(folder / STUDY_FILE, yaml.safe_dump(clean(study), sort_keys=False, allow_unicode=True))
    write_text(folder / README, _readme(study, made, list(held)))
    graph = Graph({**held, **{name: folder / name for name in (STUDY_FILE, README)}})
    for name, place in graph.held.items():
        graph.file(name, hash_path(place), place.stat().st_size)
    graph.add(README, about={"@id": "./"})
    for path, node in sorted(made.nodes.items()):
        _describe(graph, path, node)
    people = _people(graph, study["published"])
    snakefile = graph.places[next(iter(held))]
    Run(graph, made, str(study["study"]), people.get("agent"), snakefile, STUDY_FILE, rules, results).describe()
    _write(folder, graph, _about(graph, made, study, people) | {"mainEntity": {"@id": snakefile}})


def _readme(study: Mapping[str, Any], made: Lineage, held: Sequence[str]) -> str:
    """Return the page for people who open the crate without a tool."""
    return f"""# Study {study["study"]}

{study["question"]}

A Provenance Run RO-Crate (https://w3id.org/ro/wfrun/provenance/0.5): `ro-crate-metadata.json` describes
{len(made.jobs)} jobs with their inputs, settings, times and machines, and {len(made.nodes)} files and folders with size
and SHA-256. What is described and not here lies in the folder that the study was run in, under its `localPath`.

Here are {len(held)} files of the workflow and its results, and the study's settings with all defaults: `{STUDY_FILE}`.
"""


def _people(graph: Graph, published: Mapping[str, str]) -> dict[str, str]:
    """Add who is named; their identifiers as `agent` and `publisher`."""
    people: dict[str, str] = {}
    if name := published["organisation"]:
        place = published["url"] or "#organisation"
        people["agent"] = people["publisher"] = graph.add(
            place, "Organization", name=name, url=published["url"] or None
        )
    if name := published["person"]:
        place = f"https://orcid.org/{published['orcid']}" if published["orcid"] else "#person"
        works = {"@id": people["publisher"]} if "publisher" in people else None
        people["agent"] = graph.add(place, "Person", name=name, affiliation=works)
    return people


def _describe(graph: Graph, path: str, node: Node) -> None:
    """Add a file of the lineage with hash and size, or a folder with the hash and size of each file in it."""
    record, place = node.record or {}, Path(path)
    sha256 = node.sha256 or record.get("sha256")
    if "files" not in record:
        graph.file(path, sha256, _size(place))
        return
    parts = [graph.file(f"{path}/{name}", value, _size(place / name)) for name, value in record["files"].items()]
    graph.folder(path, sha256, parts)


def _size(place: Path) -> int | None:
    return place.stat().st_size if place.is_file() else None


def _about(graph: Graph, made: Lineage, study: Mapping[str, Any], people: Mapping[str, str]) -> dict[str, Any]:
    """Return the properties of the crate itself."""
    licence = study["published"]["licence"]
    about = {
        "name": f"Study {study['study']}",
        "description": study["question"] or "A study of named entity recognition by marking.",
        "license": {"@id": graph.add(f"https://spdx.org/licenses/{licence}", "CreativeWork", name=licence)}
        if licence
        else "No licence was named: ask who ran the study.",
        "datePublished": max(str(job.record["ended"]) for job in made.jobs)[:10],
        "conformsTo": refs(PROFILES),
        "mentions": refs(graph.of("CreateAction", "OrganizeAction")),
    }
    for place, name in PROFILES.items():
        graph.add(place, "CreativeWork", name=name, version=place.rsplit("/", 1)[1])
    roles = {"author": "agent", "publisher": "publisher"}
    return about | {role: {"@id": people[who]} for role, who in roles.items() if who in people}


def _write(folder: Path, graph: Graph, about: Mapping[str, Any]) -> None:
    """Let the library write all entities, and the copies of the files that the crate holds."""
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(TERMS)
    crate.metadata["conformsTo"] = refs(["https://w3id.org/ro/crate/1.1", _WORKFLOW_CRATE])
    for name, value in about.items():
        crate.root_dataset[name] = value
    for identifier, part in sorted(graph.entities.items()):
        if identifier in graph.held:
            crate.add_file(graph.held[identifier], identifier, properties=part)
        else:
            crate.add(ContextEntity(crate, identifier, properties=part))
    crate.write(folder)
