# MarkNER: biomedical named entity recognition as marking, from corpora to audited tables.
#
#   snakemake -c2 --configfile config/demo.yaml        the embedded default, on a laptop
#   snakemake --profile slurm                          the paper's study, on a cluster
from snakemake.utils import min_version

min_version("9.27")


if "study" not in config:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/captions.smk"


rule all:
    input:
        targets_of("tables"),
        targets_of("figures"),
        targets_of("analyses"),
        targets_of("corpora"),
        targets_of("instructions"),
        targets_of("released"),
        targets_of("annotations") + targets_of("report"),


##### Parts of the study that can be asked for by name: corpora, released, tables, annotations and more #####


include: "workflow/rules/targets.smk"
include: "workflow/rules/corpora.smk"
include: "workflow/rules/instructions.smk"
include: "workflow/rules/self_instruct.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/encoder.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/chat.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/costs.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/annotate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/publish.smk"


onstart:
    preflight_checks()


onsuccess:
    print_summary()
