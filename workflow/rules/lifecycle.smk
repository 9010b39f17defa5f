# Beginning and end of a run.
def preflight_checks():
    """Stop before the first job if planned ones lack a key or weights, or if jobs of a killed run are still at work."""
    planned = list(workflow.dag.needrun_jobs())
    asked = sorted({job.wildcards.run for job in planned if job.rule.name == "chat"})
    loaded = sorted({job.wildcards.model for job in planned if job.rule.name == "weights"})
    try:
        if planned:
            from markner.preflight.orphaned_jobs import check_orphaned_jobs

            check_orphaned_jobs(Path.cwd())
        if asked:
            from markner.models.chat.client import require_keys

            require_keys({run: queries.chat_model(STUDY, run) for run in asked})
        hub = [STUDY.models[model] for model in loaded if isinstance(STUDY.models[model], HubModel)]
        if hub:
            from markner.models.hub import require_access

            require_access(hub)
    except PlainError as error:
        raise WorkflowError(str(error))


def mark_removable_models():
    """Flag trained models that the study does not keep as temporary: Snakemake removes each after its last use.

    Not by `temp` in the rules, which would hold for all runs. `--notemp` keeps them.
    """
    for job in workflow.dag.jobs:
        if job.rule.name in ("train", "train_on_nodes", "train_encoder"):
            if not queries.keeps_models(STUDY, job.wildcards.run):
                flag(job.output[0], "temp")


def print_summary():
    """Say what came out and where everything lies."""
    from markner.reporting.answers import answers
    from markner.reporting.questions import comparisons
    from markner.reporting.results import read_cells
    from markner.reporting.summary import summary

    tables = {name: Path(RESULTS, "tables", f"{name}.csv") for name in STUDY.tables}
    cells = {name: read_cells(path) for name, path in tables.items() if path.exists()}
    tests = [
        path for name in ("", *cells) for path in Path(RESULTS, "significance", name).glob("*.csv")
    ]
    given = answers(comparisons(STUDY), Path(RESULTS), tests)
    print(f"\n{summary(STUDY, cells, Path(RESULTS), given)}")
