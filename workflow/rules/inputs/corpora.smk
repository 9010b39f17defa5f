# Input functions of the rules in ../corpora.smk.
def fetch_inputs(wildcards):
    return local_files(STUDY.corpora[wildcards.corpus])


def card_inputs(wildcards):
    return [
        f"{RESULTS}/corpora/{corpus}/{variant}/{split}.{kind}"
        for corpus, variant, split in SPLITS
        for kind in ("jsonl", "counts.json")
    ]
