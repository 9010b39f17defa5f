# Predictions of a run, repaired with what the whole document shows.
from markner.data.params import RepairParams


include: "inputs/repair.smk"


rule repair_predictions:
    """Repair the predictions of a run on a corpus by rules that look at the whole document."""
    input:
        sentences=test_sentences,
        predictions=unrepaired_predictions,
        native=native_texts,
        gazetteer=gazetteer_file,
    output:
        predictions=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.jsonl",
        counts=f"{RESULTS}/predictions/{{run}}/seed{{seed}}/{{corpus}}.counts.json",
    log:
        f"{LOGS}/repair_predictions/{{run}}/seed{{seed}}/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/repair_predictions/{{run}}/seed{{seed}}/{{corpus}}.tsv"
    wildcard_constraints:
        run=one_of(REPAIRED),
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=settings(RepairParams),
    script:
        "../scripts/repair_predictions.py"
