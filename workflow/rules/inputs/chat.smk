# Input functions of the rules in ../chat.smk.
def served_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.models[RUNS[wildcards.run].model].weights}"


def embedding_weights(wildcards):
    return f"{RESULTS}/weights/{RUNS[wildcards.run].embedding}"


def shot_sentences(wildcards):
    if not RUNS[wildcards.run].shots:
        return []
    return sentences_of(queries.shot_corpus(STUDY, wildcards.run, wildcards.corpus), "train")
