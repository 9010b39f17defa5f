# Input functions of the rules in ../annotate.smk.
def annotated_files(wildcards):
    return STUDY.annotations[wildcards.annotation].files


def annotation_models(wildcards):
    """Weights of the runs that tag; of an encoder's, the choice among its grid and the grid."""
    files = []
    for item in STUDY.annotations[wildcards.annotation].runs:
        tagger = queries.tagger(STUDY, item.run, item.seed, item.entities)
        folder = f"{RESULTS}/{tagger.folder}"
        if tagger.system == "encoder" and item.run not in FINAL:
            files += [f"{folder}/selection.json", *trained_folders(item.run, tagger.seed)]
        else:
            files.append(folder)
    return list(dict.fromkeys(files))


def annotation_shards(wildcards):
    """The shards of an annotation, in their order."""
    shard = f"{RESULTS}/shards/{wildcards.annotation}/{{scatteritem}}.jsonl"
    return getattr(gather, wildcards.annotation)(shard)
