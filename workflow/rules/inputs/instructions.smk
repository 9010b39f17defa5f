# Input functions of the rules in ../instructions.smk.
def mixture_sentences(wildcards):
    mixture = STUDY.mixtures[wildcards.mixture]
    return [sentences_of(corpus, mixture.split) for corpus in mixture.corpora]
