# Texts of one's own, tagged by trained runs.
from markner.annotate.params import AnnotateParams, GatherParams, TaggersParams


include: "inputs/annotate.smk"


scattergather:
    **{name: each.shards for name, each in STUDY.annotations.items()},


rule annotate:
    """Tag a shard of a collection of texts with trained runs."""
    input:
        files=annotated_files,
        models=annotation_models,
    output:
        entries=f"{RESULTS}/shards/{{annotation}}/{{scatteritem}}.jsonl",
        costs=f"{RESULTS}/costs/annotations/{{annotation}}/{{scatteritem}}.json",
    log:
        f"{LOGS}/annotate/{{annotation}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/annotate/{{annotation}}/{{scatteritem}}.tsv"
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
        # Outside the output, which Snakemake deletes when a job fails.
        journal=f"{RESULTS}/checkpoints/shards/{{annotation}}/{{scatteritem}}.journal",
    script:
        "../scripts/annotate.py"


rule gather_annotation:
    """Write a collection of texts with the mentions of all its shards."""
    input:
        files=annotated_files,
        shards=annotation_shards,
    output:
        directory(f"{RESULTS}/annotations/{{annotation}}"),
    log:
        f"{LOGS}/gather_annotation/{{annotation}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_annotation/{{annotation}}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        settings=settings(GatherParams),
    script:
        "../scripts/gather_annotation.py"


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
