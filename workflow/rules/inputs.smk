# The functions behind `input`: which files a job reads, from the study and the job's wildcards.
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


def mixture_sentences(wildcards):
    mixture = STUDY.mixtures[wildcards.mixture]
    return [sentences_of(corpus, mixture.split) for corpus in mixture.corpora]


def seed_sentences(wildcards):
    return sentences_of(STUDY.self_instruct[wildcards.set].corpus, "train")


def writer_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.self_instruct[wildcards.set].model}"


def all_test_sentences(wildcards):
    """Test sentences of every corpus of the study, on each of its variants."""
    return [
        f"{RESULTS}/corpora/{corpus}/{variant}/test.jsonl"
        for corpus, settings in STUDY.corpora.items()
        for variant in settings.variants()
        if "test" in settings.source(variant).splits()
    ]


def test_sentences(wildcards):
    return sentences_of(wildcards.corpus, "test")


def weights_inputs(wildcards):
    model = STUDY.models[wildcards.model]
    return [model.path] if isinstance(model, FolderModel) else []


def run_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.runs[wildcards.run].model}"


def run_instructions(wildcards):
    return f"{RESULTS}/instructions/{STUDY.runs[wildcards.run].mixture}.json"


def run_model(wildcards):
    owner = STUDY.owner(wildcards.run)
    if STUDY.runs[owner].mixture:
        return f"{RESULTS}/models/{owner}/seed{wildcards.seed}"
    return run_weights(wildcards)


def served_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.models[RUNS[wildcards.run].model].weights}"


def embedding_weights(wildcards):
    return f"{RESULTS}/weights/{RUNS[wildcards.run].embedding}"


def shot_sentences(wildcards):
    if not RUNS[wildcards.run].shots:
        return []
    return sentences_of(queries.shot_corpus(STUDY, wildcards.run, wildcards.corpus), "train")


def encoder_sentences(split):
    def inputs(wildcards):
        return sentences_of(STUDY.runs[wildcards.run].corpus, split)

    return inputs


def grid_folders(wildcards):
    """What the jobs that trained a grid left."""
    return parts_below(f"{RESULTS}/models/{wildcards.run}/seed{wildcards.seed}", wildcards.run)


def parts_below(folder, run):
    return [f"{folder}/grid/{part}" for part in PARTS[run]]


def table_scores(wildcards):
    """Score files behind a table: one for each cell and seed, and for an encoder's one of its whole grid."""
    files = []
    for _, run, corpus in queries.table_runs(STUDY, STUDY.tables[wildcards.table]):
        for seed in STUDY.runs[run].seeds:
            folder = f"{RESULTS}/scores/{run}/seed{seed}"
            files.append(f"{folder}/{corpus}.json")
            files += [f"{folder}/grid/{corpus}.json"] if run in PARTS else []
    return list(dict.fromkeys(files))


def card_template(kind):
    return os.path.join(
        workflow.basedir, "src", "markner", "reporting", "hub", "templates", f"{kind}.md"
    )


def run_scores(wildcards):
    folder = f"{RESULTS}/scores/{wildcards.run}/seed{wildcards.seed}"
    return [f"{folder}/{corpus}.json" for corpus in STUDY.runs[wildcards.run].evaluate]


def training_costs(wildcards):
    return [
        f"{RESULTS}/costs/{run}/seed{seed}.json" for run in TUNED for seed in STUDY.runs[run].seeds
    ]


def table_significance(wildcards):
    """Paired tests of a table's runs, for each corpus on which there are two or more to compare."""
    table = wildcards.table
    return [
        f"{RESULTS}/significance/{table}/{corpus}.csv"
        for corpus in STUDY.tables[table].corpora
        if len(queries.compared(STUDY, corpus, table)) > 1
    ]


def compared_predictions(wildcards):
    return [
        f"{RESULTS}/predictions/{run}/seed{seed}/{wildcards.corpus}.jsonl"
        for run in queries.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
        for seed in STUDY.runs[run].seeds
    ]


def judged_errors(wildcards):
    return queries.adjudicated(STUDY, wildcards.run, int(wildcards.seed), wildcards.corpus) or []


def figure_errors(wildcards):
    table = STUDY.tables[STUDY.error_figures[wildcards.error_figure].table]
    cells = queries.table_runs(STUDY, table)
    return [
        f"{RESULTS}/errors/{run}/seed{seed}/{corpus}.json"
        for run, corpus in dict.fromkeys((run, corpus) for _, run, corpus in cells)
        for seed in STUDY.runs[run].seeds
    ]


def size_scores(wildcards):
    points = queries.size_points(STUDY, STUDY.size_figures[wildcards.size_figure])
    return [
        f"{RESULTS}/scores/{run}/seed{seed}/{corpus}.json"
        for _, corpus, _, run in points
        for seed in STUDY.runs[run].seeds
    ]


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


def report_results(wildcards):
    """What the report shows: tables, figures, the dataset card, tests, and sentences with their answers."""
    answers = [
        f"{RESULTS}/predictions/{name}/seed{run.seeds[0]}/{corpus}.jsonl"
        for name, run in RUNS.items()
        for corpus in run.evaluate
    ]
    corpora = dict.fromkeys(corpus for run in RUNS.values() for corpus in run.evaluate)
    return [
        *(file for file in targets_of("tables") if file.endswith(".csv")),
        *(file for file in targets_of("figures") if file.endswith(".svg")),
        f"{RESULTS}/corpora.csv",
        *(f"{RESULTS}/significance/{corpus}.csv" for corpus in corpora),
        *(
            f"{RESULTS}/usage/{run}/seed{seed}/{corpus}.json"
            for run in CHAT
            for seed in RUNS[run].seeds
            for corpus in RUNS[run].evaluate
        ),
        *(sentences_of(corpus, "test") for corpus in corpora),
        *answers,
    ]


def figure_table(wildcards):
    return f"{RESULTS}/tables/{STUDY.figures[wildcards.figure].table}.csv"
