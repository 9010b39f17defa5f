# Texts of one's own, tagged by trained runs.
from markner.annotate.params import AnnotateParams


def annotated_files(wildcards):
    return STUDY.annotations[wildcards.annotation].files


def annotation_models(wildcards):
    """Weights of the runs that tag; of an encoder's, the choice among its grid and the grid."""
    files = []
    for item in STUDY.annotations[wildcards.annotation].runs:
        tagger = queries.tagger(STUDY, item.run, item.seed, item.entities)
        folder = f"{RESULTS}/{tagger.folder}"
        if tagger.system == "encoder":
            files.append(f"{folder}/selection.json")
            files += parts_below(folder, item.run)
        else:
            files.append(folder)
    return list(dict.fromkeys(files))


rule annotate:
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
        mem_mb=8000,
        runtime=240,
    params:
        settings=settings(AnnotateParams),
        journal=f"{RESULTS}/checkpoints/annotations/{{annotation}}.journal",
    script:
        "../scripts/annotate.py"
