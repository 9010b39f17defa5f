# From a few annotated sentences to an instruction set: a model writes further ones, filters keep some of them.
from markner.data.synthetic.params import SelfInstructParams, WriteCandidatesParams


include: "inputs/self_instruct.smk"


rule write_candidates:
    """Write candidate sentences after a few annotated ones, with a model."""
    input:
        model=writer_weights,
        sentences=seed_sentences,
    output:
        f"{RESULTS}/self_instruct/{{set}}/candidates.jsonl",
    log:
        f"{LOGS}/write_candidates/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/write_candidates/{{set}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 16
    resources:
        device=hardware("device", writer_hardware),
        gpu=hardware("gpus", writer_hardware),
        mem_mb=hardware("predict_memory_mb", writer_hardware),
        runtime=hardware("predict_minutes", writer_hardware),
    params:
        settings=settings(WriteCandidatesParams),
    script:
        "../scripts/write_candidates.py"


rule self_instruct:
    """Filter the candidates and make an instruction set of those that pass."""
    input:
        candidates=f"{RESULTS}/self_instruct/{{set}}/candidates.jsonl",
        sentences=seed_sentences,
        tests=all_test_sentences,
    output:
        instructions=f"{RESULTS}/instructions/{{set}}.json",
        index=f"{RESULTS}/instructions/{{set}}.index.csv",
        verdicts=f"{RESULTS}/self_instruct/{{set}}/verdicts.jsonl",
        report=f"{RESULTS}/self_instruct/{{set}}/report.json",
        markdown=f"{RESULTS}/self_instruct/{{set}}/report.md",
    log:
        f"{LOGS}/self_instruct/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/self_instruct/{{set}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings(SelfInstructParams),
    script:
        "../scripts/self_instruct.py"
