# MarkNER. The workflow stands in workflow/Snakefile, where the Snakemake workflow catalog expects it.
include: "workflow/Snakefile"


# A rule of an included file is not the default target by itself.
workflow.default_target = "all"
