"""Croissant 1.0 metadata of an instruction set (http://mlcommons.org/croissant/1.0)."""

from collections.abc import Collection
from typing import Any

from markner.reporting.params import InstructionSetCardParams

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification prescribes, word for word."""
_FIELDS = {
    "instruction": "The instruction to the model.",
    "context": "What stands around the sentence in its document, with [...] in the place of the sentence.",
    "input": "The sentence.",
    "output": "The sentence with {pairs} around the entities of the instruction's type.",
}
_CITATION = (
    "Keloth et al. Advancing entity recognition in biomedicine via instruction tuning of large language models. "
    "Bioinformatics 2024. https://doi.org/10.1093/bioinformatics/btae163"
)


def croissant(
    params: InstructionSetCardParams, data: str, sha256: str, size: int, columns: Collection[str]
) -> dict[str, Any]:
    """Return the metadata as JSON-LD.

    Args:
        params: The facts of the instruction set.
        data: The file of the instances, JSON lines, relative to the metadata.
        sha256: Its hash.
        size: Its size in bytes.
        columns: The keys of its instances.
    """
    published = params.published
    licences = sorted({licence for corpus in params.corpora.values() for licence in corpus.licences})
    pairs = ", ".join(" and ".join(pair) for pair in params.all_marks.pairs)
    people = {"creator": {"@type": "Person", "name": published.person}} if published.person else {}
    day = {"datePublished": published.date} if published.date else {}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": params.name,
        "description": f"Instructions for named entity recognition by marking, from {', '.join(params.corpora)}.",
        "license": [*([published.licence] if published.licence else []), *licences] or "not stated",
        "url": published.url or "https://doi.org/10.1093/bioinformatics/btae163",
        "version": "1.0.0",
        **day,
        "citeAs": _CITATION,
        **people,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "instances-file",
                "name": "instances-file",
                "contentUrl": data,
                "contentSize": f"{size} B",
                "encodingFormat": "application/jsonlines",
                "sha256": sha256,
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "instances",
                "name": "instances",
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"instances/{name}",
                        "name": name,
                        "description": description.format(pairs=pairs),
                        "dataType": "sc:Text",
                        "source": {"fileObject": {"@id": "instances-file"}, "extract": {"column": name}},
                    }
                    for name, description in _FIELDS.items()
                    if name in columns
                ],
            }
        ],
    }
