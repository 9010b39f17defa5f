# Figures drawn from the cells of a table.


rule figure:
    input:
        table=figure_table,
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        svg=f"{RESULTS}/figures/{{figure}}.svg",
        png=f"{RESULTS}/figures/{{figure}}.png",
    log:
        f"{LOGS}/figure/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/figure/{{figure}}.tsv"
    conda:
        "../../envs/base.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings("figure"),
        code=code("figure"),
    script:
        "../scripts/figure.py"
