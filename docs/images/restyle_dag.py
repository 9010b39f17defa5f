"""Turn Snakemake's rule graph (dot, standard input) into the house's style (standard output): `make dag`."""

import re
import sys

HEAD = """digraph workflow {
    graph[bgcolor=white, margin=0, rankdir=LR, ranksep=0.4, nodesep=0.18];
    node[shape=box, style="rounded,filled", color="#0072B2", fillcolor="#EAF3FA", penwidth=1.2];
    node[fontname="Helvetica,Arial,sans-serif", fontsize=11];
    edge[penwidth=1.1, color="#666666", arrowsize=0.6];
"""

graph = sys.stdin.read()
names = {number: name.replace("_", " ") for number, name in re.findall(r'(\d+)\[label = "(\w+)"', graph)}
# `all` hangs on everything and says nothing.
edges = [pair for pair in re.findall(r"(\d+) -> (\d+)", graph) if "all" not in (names[pair[0]], names[pair[1]])]
print(HEAD)
for number, name in names.items():
    if name != "all":
        print(f'    {number}[label="{name}"];')
for start, end in edges:
    print(f"    {start} -> {end};")
print("}")
