"""What ran: the workflow with its steps, tools and parameters; each job with its inputs, values, times and machine."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runrecord.code import PACKAGE_ROOT
from runrecord.crate.graph import Graph
from runrecord.crate.jobs import Job, Lineage
from runrecord.machine import package_version
from runrecord.record import IN_CHECKOUT

_COMPLETED = "http://schema.org/CompletedActionStatus"
_CONDA = "https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html"
_FORMAL = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_STUDY = "#parameter/workflow/study"
_KINDS = {bool: "Boolean", int: "Integer", float: "Float"}
_USAGE = {
    "memory": ("https://man7.org/linux/man-pages/man2/getrusage.2.html#ru_maxrss", "https://qudt.org/vocab/unit/BYTE"),
    "processor": ("https://man7.org/linux/man-pages/man2/getrusage.2.html#ru_utime", "https://qudt.org/vocab/unit/SEC"),
}
"""What a job used of its machine by the name it has in the record: what is measured, and the unit."""


@dataclass(frozen=True)
class Run:
    """A run of a study, which it describes in a graph that has all files."""

    graph: Graph
    made: Lineage
    study: str
    """Name of the study."""
    agent: str | None
    """Identifier of who ran it, if anybody is named."""
    workflow: str
    """Identifier of the Snakefile."""
    settings: str
    """Identifier of the file of the study's settings."""
    rules: Mapping[str, Mapping[str, str]]
    """By rule its `description`, and its `environment`: the file that describes its packages."""
    results: Sequence[str]
    """What the study was run for, by path."""

    def describe(self) -> None:
        """Add workflow, steps, tools, parameters and jobs."""
        self.describe_workflow()
        for number, rule in enumerate(dict.fromkeys(job.rule for job in self.made.jobs), start=1):
            self.describe_step(rule, number)
        for job in self.made.jobs:
            self.describe_job(job)
        self.describe_whole()

    @property
    def by_agent(self) -> dict[str, Any]:
        """The property of an action that says who started it."""
        return {"agent": {"@id": self.agent}} if self.agent else {}

    def describe_workflow(self) -> None:
        """Add the workflow, its language, and its parameter beside the source files: the study."""
        last = max(self.made.jobs, key=lambda job: str(job.record["ended"])).record["environment"]
        git = last["git"]
        own = package_version(PACKAGE_ROOT.name) or "0"
        version = f"{own}+{git['commit']}{'.dirty' if git['dirty'] else ''}" if git else own
        snakemake = last["packages"].get("snakemake")
        self.graph.add(
            _SNAKEMAKE,
            "ComputerLanguage",
            name="Snakemake",
            identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
            url={"@id": "https://snakemake.readthedocs.io"},
            version=snakemake,
        )
        self.graph.add(
            self.workflow,
            "SoftwareSourceCode",
            "ComputationalWorkflow",
            "HowTo",
            url=self.workflow,
            version=version,
            programmingLanguage={"@id": _SNAKEMAKE},
            conformsTo={"@id": _WORKFLOW},
        )
        self.graph.add(_WORKFLOW, "CreativeWork", name="Bioschemas ComputationalWorkflow", version="1.0-RELEASE")
        self.parameter(self.workflow, "input", "workflow", "study", "File", self.settings)

    def describe_step(self, rule: str, number: int) -> None:
        """Add a rule as a step of the workflow."""
        known = self.rules.get(rule, {})
        description = known.get("description")
        step = self.graph.add(f"#step/{rule}", "HowToStep", name=rule, description=description, position=str(number))
        self.graph.link(self.workflow, "step", [step])
        if environment := self.graph.places.get(known.get("environment", "")):
            self.graph.add(environment, conformsTo={"@id": _CONDA})
            self.graph.add(_CONDA, "WebPage", name="Conda environment file")
            self.graph.link(step, "buildInstructions", [environment])

    def describe_job(self, job: Job) -> None:
        """Add a job with its inputs, values, results, times and machine."""
        record, tool, step = job.record, self.tool(job), f"#step/{job.rule}"
        action = self.graph.add(
            f"#job/{job.key}",
            "CreateAction",
            name=" ".join(job.key.split("/")),
            description=_story(job),
            startTime=record["started"],
            endTime=record["ended"],
            actionStatus=_COMPLETED,
            instrument={"@id": tool},
            **self.by_agent,
        )
        self.graph.link(action, "object", [*self.inputs(job, tool, step), *self.values(job, tool, step)])
        self.graph.link(action, "result", self.outputs(job, tool))
        self.graph.link(action, "resourceUsage", [self.used(job, *item) for item in record.get("usage", {}).items()])
        self.graph.link(step, "workExample", [tool])
        self.graph.link(self.workflow, "hasPart", [tool])
        self.graph.add(
            f"#control/{job.key}",
            "ControlAction",
            name=f"orchestrate {' '.join(job.key.split('/'))}",
            instrument={"@id": step},
            object={"@id": action},
            actionStatus=_COMPLETED,
        )

    def describe_whole(self) -> None:
        """Add the run of the workflow as a whole, and that of Snakemake."""
        started = min(str(job.record["started"]) for job in self.made.jobs)
        ended = max(str(job.record["ended"]) for job in self.made.jobs)
        action = self.graph.add(
            "#run",
            "CreateAction",
            name=f"Run of study {self.study}",
            description=f"{len(self.made.jobs)} jobs, from the start of the first to the end of the last.",
            startTime=started,
            endTime=ended,
            actionStatus=_COMPLETED,
            instrument={"@id": self.workflow},
            **self.by_agent,
        )
        sources = [self.graph.places[path] for path in self.made.sources]
        self.graph.link(action, "object", [self.settings, *sources])
        results = [self.graph.places[path] for path in self.results]
        self.graph.link(action, "result", results)
        for path, place in zip(self.results, results, strict=True):
            source = self.made_by(path)
            target = self.parameter(
                self.workflow, "output", "workflow", source.rsplit("/", 2)[1], self.graph.kind(place), place
            )
            self.connect(source, target, self.workflow)
        version = self.graph.entities[_SNAKEMAKE].get("version")
        engine = self.graph.add(
            "#snakemake",
            "SoftwareApplication",
            name="Snakemake",
            softwareVersion=version,
            url="https://snakemake.readthedocs.io",
        )
        self.graph.add(
            "#organize",
            "OrganizeAction",
            name=f"Run of Snakemake {version or ''}".strip(),
            instrument={"@id": engine},
            result={"@id": action},
            startTime=started,
            endTime=ended,
            **self.by_agent,
        )
        self.graph.link("#organize", "object", self.graph.of("ControlAction"))

    def tool(self, job: Job) -> str:
        """Add the tool that a job ran: a rule's script with one version of its code."""
        code, where = job.record["code"], job.record["environment"]
        script = self.graph.places.get(code["script"].removeprefix(IN_CHECKOUT))
        tool = self.graph.add(
            f"#tool/{job.rule}/{code['hash'][:12]}",
            "SoftwareApplication",
            name=job.rule,
            version=code["hash"],
            description=f"{code['script']} with all that it reaches; the version is the hash of what that means.",
            url=script or code["script"],
        )
        if script:
            self.graph.add(script, "SoftwareSourceCode", url=script, version=code["hash"])
            self.graph.add(tool, mainEntity={"@id": script})
        packages = {"python": where["python"], **where["packages"]}
        needs = [self.package(name, version) for name, version in sorted(packages.items())]
        self.graph.link(tool, "softwareRequirements", [*([script] if script else []), *needs])
        return tool

    def package(self, name: str, version: str) -> str:
        """Add a package; its identifier is a package URL (https://github.com/package-url/purl-spec)."""
        place = f"pkg:{'generic' if name == 'python' else 'pypi'}/{name}@{version}"
        return self.graph.add(place, "SoftwareApplication", name=name, softwareVersion=version, url=place)

    def inputs(self, job: Job, tool: str, step: str) -> Iterator[str]:
        """Add and yield the files and folders that a job read."""
        for entry in job.record["inputs"]:
            path = entry["path"]
            if path not in self.graph.places:  # it lies outside, or inside a folder that is one result
                self.graph.file(path, entry["after"], None)
            place, name = self.graph.places[path], entry["name"] or "input"
            target = self.parameter(tool, "input", job.rule, name, self.graph.kind(place), place)
            source = self.made_by(path)
            if not source:
                kind = self.graph.kind(place)
                source = self.parameter(self.workflow, "input", "workflow", f"{job.rule}-{name}", kind, place)
            self.connect(source, target, step)
            yield place

    def values(self, job: Job, tool: str, step: str) -> Iterator[str]:
        """Add and yield the values of a job's settings. Equal values are one entity."""
        read = {entry["name"] for entry in job.record["inputs"]}
        for setting, value in job.settings.items():
            name = f"{setting} (setting)" if setting in read else setting  # a file may have the same name
            digest = hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]
            plain = value if isinstance(value, str | bool | int | float) else json.dumps(value, ensure_ascii=False)
            place = self.graph.add(f"#value/{job.rule}/{name}/{digest}", "PropertyValue", name=name, value=plain)
            target = self.parameter(tool, "input", job.rule, name, _KINDS.get(type(value), "Text"), place)
            self.connect(_STUDY, target, step)
            yield place

    def outputs(self, job: Job, tool: str) -> Iterator[str]:
        """Yield the results of a job that are part of the lineage."""
        for number, path in enumerate(job.record["outputs"], start=1):
            if place := self.graph.places.get(path):
                self.parameter(tool, "output", job.rule, f"output-{number}", self.graph.kind(place), place)
                yield place

    def made_by(self, path: str) -> str:
        """Return the parameter of the tool that wrote a file; empty if no job wrote it."""
        node = self.made.nodes.get(path)
        if node is None or node.record is None:
            return ""
        return f"#parameter/{node.record['rule']}/output-{node.record['outputs'].index(path) + 1}"

    def parameter(self, owner: str, way: str, group: str, name: str, kind: str, example: str) -> str:
        """Add a formal parameter, an `input` or `output` of a tool or of the workflow, with one of its values."""
        place = self.graph.add(f"#parameter/{group}/{name}", "FormalParameter", name=name)
        known = self.graph.entities[place].get("additionalType", kind)
        kinds = sorted({kind, *([known] if isinstance(known, str) else known)})
        additional = kinds[0] if len(kinds) == 1 else kinds
        self.graph.add(place, additionalType=additional, conformsTo={"@id": _FORMAL})
        self.graph.add(_FORMAL, "CreativeWork", name="Bioschemas FormalParameter", version="1.0-RELEASE")
        self.graph.link(place, "workExample", [example])
        self.graph.link(example, "exampleOfWork", [place])
        self.graph.link(owner, way, [place])
        return place

    def connect(self, source: str, target: str, receiver: str) -> None:
        """Say that one parameter's value becomes another's; the receiving step, or the workflow, refers to it."""
        place = f"#connection/{source.removeprefix('#parameter/')}/{target.removeprefix('#parameter/')}"
        self.graph.add(place, "ParameterConnection", sourceParameter={"@id": source}, targetParameter={"@id": target})
        self.graph.link(receiver, "connection", [place])

    def used(self, job: Job, name: str, value: float) -> str:
        """Add the memory or processor time that a job used."""
        what, unit = _USAGE[name]
        place = f"#usage/{job.key}/{name}"
        return self.graph.add(place, "PropertyValue", name=name, propertyID=what, unitCode=unit, value=value)


def _story(job: Job) -> str:
    """Return a sentence that says where a job ran."""
    where = job.record["environment"]
    gpu = f", {' '.join(where['gpu']['names'])}" if where["gpu"] else ""
    slurm = f", SLURM job {where['slurm']['job_id']}" if where["slurm"].get("job_id") else ""
    return (
        f"Rule {job.rule} on host {where['host']} ({where['cpu']}, {job.record['threads']} threads{gpu}{slurm}), "
        f"Python {where['python']}."
    )
