# Input functions of the rules in ../analyses.smk.
def predictions_on(corpus, runs):
    """Predictions of all seeds of runs on the test split of a corpus."""
    return [
        f"{RESULTS}/predictions/{run}/seed{seed}/{corpus}.jsonl" for run, seed in with_seeds(runs)
    ]


def compared_predictions(wildcards):
    runs = queries.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
    return predictions_on(wildcards.corpus, runs)


def training_data(wildcards):
    """Training data behind seen mentions, the files of each run that has some; runs may share one."""
    runs = queries.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
    sources = [queries.training_source(STUDY, run, wildcards.corpus) for run in runs]
    return [
        path
        for source in sources
        if source
        for path in (
            [f"{RESULTS}/instructions/{source.instructions}.json"]
            if source.instructions
            else [sentences_of(source.corpus, split) for split in source.split]
        )
    ]


def judged_errors(wildcards):
    return queries.adjudicated(STUDY, wildcards.run, int(wildcards.seed), wildcards.corpus) or []


def judged_suspects(wildcards):
    return queries.judged_suspects(STUDY, wildcards.corpus) or []


def suspect_sentences(wildcards):
    return sentences_of(STUDY.suspects[wildcards.suspects].corpus, "test")


def suspect_others(wildcards):
    """Sentences of the other splits of the corpus."""
    corpus = STUDY.suspects[wildcards.suspects].corpus
    splits = queries.source_of(STUDY.corpora[corpus], STUDY.corpora[corpus].variant).splits()
    return [sentences_of(corpus, split) for split in splits if split != "test"]


def suspect_predictions(wildcards):
    settings = STUDY.suspects[wildcards.suspects]
    return predictions_on(settings.corpus, settings.runs)


def calibration_sentences(wildcards):
    return sentences_of(STUDY.calibrations[wildcards.calibration].corpus, "test")


def calibrated_predictions(wildcards):
    settings = STUDY.calibrations[wildcards.calibration]
    return predictions_on(settings.corpus, settings.runs)


def fit_sentences(wildcards):
    """Gold on which temperatures are fitted; nothing if no run predicts it."""
    fit = STUDY.calibrations[wildcards.calibration].fit
    return [sentences_of(fit, "test")] if fit_predictions(wildcards) else []


def fit_predictions(wildcards):
    settings = STUDY.calibrations[wildcards.calibration]
    return predictions_on(
        settings.fit, [run for run in settings.runs if settings.fit in STUDY.runs[run].evaluate]
    )
