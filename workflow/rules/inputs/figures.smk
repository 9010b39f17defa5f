# Input functions of the rules in ../figures.smk.
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


def strata_figure_table(wildcards):
    return f"{RESULTS}/tables/{STUDY.strata_figures[wildcards.strata_figure].strata_table}.csv"
