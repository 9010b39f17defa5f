"""Print a comparison of two results, or return it as JSON."""

import json

from rich.markup import escape

from runrecord.audit_display import MANY, label, new_console
from runrecord.diff import Comparison, Evidence, Fact

_LONG = 100


def comparison_json(comparison: Comparison) -> str:
    """Return two results, their values and the differences of their lineages as JSON."""
    value = {
        "a": {"path": comparison.a.path, "verdict": comparison.a.verdict.name},
        "b": {"path": comparison.b.path, "verdict": comparison.b.verdict.name},
        "values": {name: _value_facts(*pair) for name, pair in comparison.values.items()},
        "facts": [
            {
                "kind": fact.kind,
                "name": fact.name,
                "a": fact.a,
                "b": fact.b,
                "at": evidence.pairs,
                "values": {
                    place: {name: _value_facts(*pair) for name, pair in of_place.items()}
                    for place, of_place in evidence.measured.items()
                },
            }
            for fact, evidence in comparison.facts.items()
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2)


def show_comparison(comparison: Comparison, explain: bool) -> None:
    """Print two results, their values, and the differences of their lineages with the values that depend on each."""
    console = new_console()
    for name, node in (("A", comparison.a), ("B", comparison.b)):
        console.print(f"{name}  {label(node, node.verdict)}")
    if comparison.values:
        changed = {name: pair for name, pair in comparison.values.items() if pair[0] != pair[1]}
        console.print(f"\n[bold]values[/] {len(changed)} of {len(comparison.values)} differ")
        for name, (left, right) in changed.items():
            console.print(f"  {escape(name)}: {left} -> {right} ({right - left:+.6g})")
    if not comparison.facts:
        console.print("\n[green]the same lineage[/]: inputs, settings, code, packages and machine are the same")
        return
    by_kind: dict[str, list[tuple[Fact, Evidence]]] = {}
    for fact, evidence in comparison.facts.items():
        by_kind.setdefault(fact.kind, []).append((fact, evidence))
    for kind, items in by_kind.items():
        console.print(f"\n[bold]{kind}[/]")
        for fact, evidence in items if explain else items[:MANY]:
            values = f"{fact.a} -> {fact.b}" if explain else f"{_short(fact.a)} -> {_short(fact.b)}"
            line = f"{fact.name}: {values}" if fact.name else values
            console.print(f"  {escape(line)}{escape(_values_beside(evidence))}")
            for place in evidence.pairs if explain else ():
                console.print(f"    [dim]{escape(place)}[/]")
        if len(items) > MANY and not explain:
            console.print(f"  [dim]and {len(items) - MANY} more: --explain shows all[/]")


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}… ({len(text)} characters)"


def _value_facts(left: float, right: float) -> dict[str, float]:
    return {"a": left, "b": right, "difference": round(right - left, 6)}


def _values_beside(evidence: Evidence) -> str:
    """Return the change of the first value of each file that depends on a fact."""
    changes = [next(iter(of_place.items())) for of_place in evidence.measured.values()]
    if not changes:
        return ""
    differences = [right - left for _, (left, right) in changes]
    name = changes[0][0]
    if len(changes) == 1:
        return f"    ({name} {differences[0]:+.6g})"
    return f"    ({name} {min(differences):+.6g} to {max(differences):+.6g} in {len(changes)} files)"
