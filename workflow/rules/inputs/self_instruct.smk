# Input functions of the rules in ../self_instruct.smk.
def seed_sentences(wildcards):
    return sentences_of(STUDY.self_instruct[wildcards.set].corpus, "train")


def writer_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.self_instruct[wildcards.set].model}"


def all_test_sentences(wildcards):
    """Test sentences of every corpus of the study, on each of its variants, whatever their order."""
    return [
        f"{RESULTS}/corpora/{corpus}/{variant}/test.jsonl"
        for corpus, variant, split in sorted(SPLITS)
        if split == "test"
    ]
