# Input functions of the rules in ../corpora.smk.
def fetch_inputs(wildcards):
    return local_files(STUDY.corpora[wildcards.corpus])


def card_inputs(wildcards):
    return [
        f"{RESULTS}/corpora/{corpus}/{variant}/{split}.{kind}"
        for corpus, settings in STUDY.corpora.items()
        for variant in settings.variants()
        for split in settings.source(variant).splits()
        for kind in ("jsonl", "counts.json")
    ]
