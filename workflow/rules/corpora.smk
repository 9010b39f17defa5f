# From native files, checked by hash, to sentences with character spans, and the card that counts them.
from markner.data.params import DatasetCardParams, FetchParams, SentencesParams
from markner.study.params import NoParams


include: "inputs/corpora.smk"


rule fetch:
    """Fetch the native files of a corpus and check them by hash."""
    input:
        fetch_inputs,
    output:
        directory(f"{RESULTS}/corpora/{{corpus}}/native"),
    log:
        f"{LOGS}/fetch/{{corpus}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch/{{corpus}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=settings(FetchParams),
    script:
        "../scripts/fetch.py"


rule sentences:
    """Turn the native files of a split into sentences with character spans."""
    input:
        native=f"{RESULTS}/corpora/{{corpus}}/native",
    output:
        sentences=f"{RESULTS}/corpora/{{corpus}}/{{variant}}/{{split}}.jsonl",
        counts=f"{RESULTS}/corpora/{{corpus}}/{{variant}}/{{split}}.counts.json",
    log:
        f"{LOGS}/sentences/{{corpus}}/{{variant}}/{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/sentences/{{corpus}}/{{variant}}/{{split}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(SentencesParams),
    script:
        "../scripts/sentences.py"


rule card:
    """Count all corpora for the dataset card, beside the paper's counts."""
    input:
        card_inputs,
    output:
        csv=report(
            f"{RESULTS}/corpora.csv",
            caption="../report/corpora.rst",
            category="Corpora",
            labels={"corpora": "all"},
        ),
        markdown=f"{RESULTS}/corpora.md",
    log:
        f"{LOGS}/card.log",
    benchmark:
        f"{BENCHMARKS}/card.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings(DatasetCardParams),
    script:
        "../scripts/card.py"


rule released_marks:
    """Write the marked sentences of a split as the paper's authors released them."""
    input:
        sentences=f"{RESULTS}/corpora/{{corpus}}/tokenized/{{split}}.jsonl",
    output:
        f"{RESULTS}/released/{{corpus}}.{{split}}.txt",
    log:
        f"{LOGS}/released_marks/{{corpus}}.{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/released_marks/{{corpus}}.{{split}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings(NoParams),
    script:
        "../scripts/released_marks.py"
