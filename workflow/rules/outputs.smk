# What a study leads to: the files behind each target, and those that its research object holds.
def targets_of(part):
    """Files of a part of the study, as its target rule wants them."""
    scored = [
        (run, seed, corpus) for run, seed in with_seeds(RUNS) for corpus in RUNS[run].evaluate
    ]
    return {
        "corpora": [f"{RESULTS}/corpora.csv", f"{RESULTS}/corpora.md"],
        "downloads": [
            *(f"{RESULTS}/corpora/{corpus}/native" for corpus in STUDY.corpora),
            *(
                f"{RESULTS}/weights/{name}"
                for name, model in STUDY.models.items()
                if not isinstance(model, ApiModel)
            ),
        ],
        "released": [
            f"{RESULTS}/released/{corpus}.{split}.txt"
            for corpus, variant, split in SPLITS
            if variant == "tokenized"
        ],
        "instructions": [f"{RESULTS}/instructions/{mixture}.json" for mixture in INSTRUCTION_SETS],
        "tables": [
            *(
                f"{RESULTS}/tables/{table}.{kind}"
                for table in [*STUDY.tables, *STUDY.strata_tables]
                for kind in ("csv", "md", "tex")
            ),
            *(f"{RESULTS}/costs.{kind}" for kind in ("csv", "md") if TUNED),
        ],
        "figures": [
            f"{RESULTS}/figures/{figure}.{kind}"
            for figure in [
                *STUDY.figures,
                *STUDY.error_figures,
                *STUDY.size_figures,
                *STUDY.strata_figures,
                *STUDY.calibrations,
            ]
            for kind in ("pdf", "svg", "png")
        ],
        "analyses": [
            *dict.fromkeys(
                f"{RESULTS}/{kind}/{corpus}.csv"
                for kind in ("significance", "strata")
                for _, _, corpus in scored
            ),
            *(f"{RESULTS}/calibration/{name}.json" for name in STUDY.calibrations),
            *(f"{RESULTS}/suspects/{name}.csv" for name in STUDY.suspects),
            *(f"{RESULTS}/errors/{run}/seed{seed}/{corpus}.csv" for run, seed, corpus in scored),
            *(
                f"{RESULTS}/official/{run}/seed{seed}/{corpus}.json"
                for run, seed, corpus in scored
                if queries.has_official(STUDY, corpus)
            ),
        ],
        "report": [
            *(f"{RESULTS}/figures/workflow.{kind}" for kind in ("pdf", "svg", "png")),
            f"{RESULTS}/report/index.html",
        ],
        "hub": [
            *(f"{RESULTS}/hub/datasets/{mixture}" for mixture in INSTRUCTION_SETS),
            *(
                f"{RESULTS}/hub/models/{run}/seed{seed}"
                for run, seed in with_seeds(TUNED)
                if queries.keeps_models(STUDY, run)
            ),
        ],
        "annotations": [
            *(f"{RESULTS}/annotations/{name}" for name in STUDY.annotations),
            *([f"{RESULTS}/taggers.json"] if TUNED or ENCODERS else []),
        ],
    }[part]


def crate_results(kind):
    """Results in the research object: `kept` as copies; `named` only, for they hold sentences of the corpora."""
    parts = {
        "kept": ("corpora", "tables", "figures"),
        "named": ("released", "instructions", "analyses"),
    }
    return [file for part in parts[kind] for file in targets_of(part)]


def rule_descriptions(wildcards):
    """Return the docstring and the environment file of each rule that runs a script, by its name."""
    return {
        each.name: {
            "description": each.docstring,
            "environment": os.path.relpath(
                each.basedir.join(each.conda_env).get_path_or_uri(secret_free=True), CHECKOUT
            ),
        }
        for each in workflow.rules
        if each.script
    }


def workflow_files():
    """The workflow's own files, the Snakefile first."""
    folder = Path(CHECKOUT)
    patterns = (
        "Snakefile",
        "workflow/Snakefile",
        "workflow/rules/**/*.smk",
        "workflow/scripts/*.py",
        "envs/*.yaml",
    )
    files = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
    return [os.path.relpath(file) for file in files]
