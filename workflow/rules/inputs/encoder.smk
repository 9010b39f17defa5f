# Input functions of the rules in ../encoder.smk.
def encoder_sentences(split):
    def inputs(wildcards):
        return sentences_of(STUDY.runs[wildcards.run].corpus, split)

    return inputs


def grid_folders(wildcards):
    """What the jobs that trained a grid left."""
    return trained_folders(wildcards.run, wildcards.seed)
