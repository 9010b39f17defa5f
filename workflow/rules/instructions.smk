# From sentences to instruction sets: a JSON list of objects with exactly instruction, input, output.
from markner.data.params import MixtureParams


include: "inputs/instructions.smk"


rule mixture:
    """Draw an instruction set from the sentences of its corpora."""
    input:
        sentences=mixture_sentences,
    output:
        instructions=f"{RESULTS}/instructions/{{mixture}}.json",
        index=f"{RESULTS}/instructions/{{mixture}}.index.csv",
    log:
        f"{LOGS}/mixture/{{mixture}}.log",
    benchmark:
        f"{BENCHMARKS}/mixture/{{mixture}}.tsv"
    wildcard_constraints:
        mixture=one_of(STUDY.mixtures),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(MixtureParams),
    script:
        "../scripts/mixture.py"
