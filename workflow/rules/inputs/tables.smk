# Input functions of the rules in ../tables.smk.
def table_scores(wildcards):
    """Score files behind a table: one for each cell and seed, and for an encoder's one of its whole grid."""
    files = []
    for _, run, corpus in queries.table_runs(STUDY, STUDY.tables[wildcards.table]):
        for seed in STUDY.runs[run].seeds:
            folder = f"{RESULTS}/scores/{run}/seed{seed}"
            files.append(f"{folder}/{corpus}.json")
            files += [f"{folder}/grid/{corpus}.json"] if run in PARTS else []
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
