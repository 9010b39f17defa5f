# Input functions of the rules in ../tables.smk.
def table_scores(wildcards):
    """Score files behind a table: one for each cell and seed, and for an encoder's one of its whole grid."""
    files = []
    for _, run, corpus in queries.table_runs(STUDY, STUDY.tables[wildcards.table]):
        for seed in STUDY.runs[run].seeds:
            folder = f"{RESULTS}/scores/{run}/seed{seed}"
            files.append(f"{folder}/{corpus}.json")
            files += [f"{folder}/grid/{corpus}.json"] if run in set(PARTS) - set(FINAL) else []
    return list(dict.fromkeys(files))


def table_significance(wildcards):
    return tests_of_table(wildcards.table)


def tests_of_table(table):
    """Paired tests of a table's runs, for each corpus on which there are two or more to compare."""
    return [
        f"{RESULTS}/significance/{table}/{corpus}.csv"
        for corpus in STUDY.tables[table].corpora
        if len(queries.compared(STUDY, corpus, table)) > 1
    ]


def strata_scores(wildcards):
    """Scores by stratum of the runs of a table, a file for each corpus on which a run is scored."""
    name = STUDY.strata_tables[wildcards.strata_table].table
    cells = queries.table_runs(STUDY, STUDY.tables[name])
    return [
        f"{RESULTS}/strata/{name}/{corpus}.csv"
        for corpus in dict.fromkeys(corpus for _, _, corpus in cells)
    ]


def strata_tests(wildcards):
    """Paired tests by stratum, beside the scores."""
    return [file.removesuffix("csv") + "tests.csv" for file in strata_scores(wildcards)]
