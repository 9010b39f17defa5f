# Texts of one's own, tagged by trained runs.
from markner.annotate.params import AnnotateParams, TaggersParams


include: "inputs/annotate.smk"


rule annotate:
    """Tag a collection of texts with trained runs."""
    input:
        files=annotated_files,
        models=annotation_models,
    output:
        directory(f"{RESULTS}/annotations/{{annotation}}"),
    log:
        f"{LOGS}/annotate/{{annotation}}.log",
    benchmark:
        f"{BENCHMARKS}/annotate/{{annotation}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        gpu=annotation_resource("gpu"),
        device=annotation_resource("device"),
        mem_mb=annotation_resource("mem_mb"),
        runtime=annotation_resource("runtime"),
    params:
        settings=settings(AnnotateParams),
        journal=f"{RESULTS}/checkpoints/annotations/{{annotation}}.journal",
    script:
        "../scripts/annotate.py"


rule taggers:
    """Write how each trained run tags texts, for use from Python."""
    output:
        f"{RESULTS}/taggers.json",
    log:
        f"{LOGS}/taggers.log",
    benchmark:
        f"{BENCHMARKS}/taggers.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(TaggersParams),
    script:
        "../scripts/taggers.py"
