# Parts of the study that can be asked for by name.


rule corpora:
    input:
        targets_of("corpora"),


rule released:
    input:
        targets_of("released"),


rule instructions:
    input:
        targets_of("instructions"),


rule tables:
    input:
        targets_of("tables"),


rule figures:
    input:
        targets_of("figures"),


rule analyses:
    input:
        targets_of("analyses"),


# All that needs a network, for machines whose compute nodes have none.
rule downloads:
    input:
        targets_of("downloads"),


rule annotations:
    input:
        targets_of("annotations"),


# Instruction sets and tuned models with their cards, to publish.
rule hub:
    input:
        targets_of("hub"),


rule report_page:
    input:
        targets_of("report"),
