"""The entities of a research object while it is put together: plain JSON-LD, each identifier once."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

Part = dict[str, Any]
"""The properties of an entity, `@type` among them."""
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".tex": "text/x-tex",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    "": "text/plain",
    ".smk": "text/plain",
}
"""Media types by suffix; anything else is `application/octet-stream`. Own, because the machine's table may differ."""


def refs(identifiers: Iterable[str]) -> Any:
    """Return references to entities, each once and in order: a list, or the reference itself if it is the only one."""
    references = [{"@id": identifier} for identifier in dict.fromkeys(identifiers)]
    return references[0] if len(references) == 1 else references


class Graph:
    """Entities by identifier.

    Args:
        held: files that the crate holds a copy of, by path in it. All others get a local identifier (`#path`), as a
            file has that is described and not part of the payload.
    """

    def __init__(self, held: Mapping[str, Path]) -> None:
        self.held = dict(held)
        self.entities: dict[str, Part] = {}
        self.places: dict[str, str] = {}
        """Identifiers of files and folders by path."""

    def add(self, identifier: str, /, *types: str, **properties: Any) -> str:
        """Add an entity, or further types and properties to one that is there; returns the identifier."""
        part = self.entities.setdefault(identifier, {"@type": []})
        known = part["@type"] if isinstance(part["@type"], list) else [part["@type"]]
        merged = list(dict.fromkeys([*known, *types]))
        part["@type"] = merged[0] if len(merged) == 1 else merged
        part.update({name: value for name, value in properties.items() if value is not None})
        return identifier

    def link(self, identifier: str, name: str, targets: Iterable[str]) -> None:
        """Let a property of an entity refer to further entities."""
        part = self.entities[identifier]
        before = part.get(name, [])
        known = [item["@id"] for item in (before if isinstance(before, list) else [before])]
        if references := refs([*known, *targets]):
            part[name] = references

    def file(self, path: str, sha256: str | None, size: int | None) -> str:
        """Add a file by its path; size in bytes, None if it is not there any more."""
        held = path in self.held
        self.places[path] = path if held else f"#{quote(path)}"
        return self.add(
            self.places[path],
            "File",
            name=path,
            encodingFormat=FORMATS.get(PurePosixPath(path).suffix, "application/octet-stream"),
            sha256=sha256,
            contentSize=None if size is None else str(size),
            localPath=None if held else path,
        )

    def folder(self, path: str, sha256: str | None, parts: list[str]) -> str:
        """Add a folder with the files in it; its hash is that of names and bytes (`runrecord.hashing`)."""
        self.places[path] = f"#{quote(path)}/"
        description = f"SHA-256 of the names and hashes of its files: {sha256}." if sha256 else None
        self.add(self.places[path], "Dataset", name=path, description=description, localPath=f"{path}/")
        self.link(self.places[path], "hasPart", parts)
        return self.places[path]

    def of(self, *types: str) -> list[str]:
        """Return the identifiers of all entities of these types, sorted."""
        return sorted(name for name, part in self.entities.items() if part["@type"] in types)

    def kind(self, identifier: str) -> str:
        """Return `Dataset` for a folder and `File` for any other entity."""
        kinds = self.entities[identifier]["@type"]
        return "Dataset" if kinds == "Dataset" else "File"
