# Input functions of the rules in ../instructions.smk.
def mixture_sentences(wildcards):
    mixture = STUDY.mixtures[wildcards.mixture]
    return [sentences_of(corpus, split) for corpus in mixture.corpora for split in mixture.split]
