# Beginning and end of a run.
def refuse_the_impossible():
    """Stop before the first job if planned ones lack a key or weights, or if jobs of a killed run are still at work."""
    planned = list(workflow.dag.needrun_jobs())
    asked = sorted({job.wildcards.run for job in planned if job.rule.name == "chat"})
    loaded = sorted({job.wildcards.model for job in planned if job.rule.name == "weights"})
    try:
        if planned:
            from markner.preflight.left_behind import refuse_twins

            refuse_twins(Path.cwd())
        if asked:
            from markner.chat.client import require_keys

            require_keys({run: lookup.chat_model(STUDY, run) for run in asked})
        hub = [STUDY.models[model] for model in loaded if isinstance(STUDY.models[model], HubModel)]
        if hub:
            from markner.modeling.hub import require_access

            require_access(hub)
    except MarknerError as error:
        raise WorkflowError(str(error))


def print_summary():
    """Say what came out and where everything lies."""
    from markner.rendering.results import read_cells
    from markner.rendering.summary import summary

    tables = {name: Path(RESULTS, "tables", f"{name}.csv") for name in STUDY.tables}
    frames = {name: read_cells(path) for name, path in tables.items() if path.exists()}
    print(f"\n{summary(STUDY, frames, Path(RESULTS))}")
