# Parts of the study that can be asked for by name, each under the line that tells what it makes.


# corpora: the corpora and their card
rule corpora:
    input:
        targets_of("corpora"),


# released: the marked sentences in the form that the paper's authors released
rule released:
    input:
        targets_of("released"),


# instructions: instruction sets
rule instructions:
    input:
        targets_of("instructions"),


# tables: tables, with all that they rest on
rule tables:
    input:
        targets_of("tables"),


# figures: figures, with all that they rest on
rule figures:
    input:
        targets_of("figures"),


# analyses: significance, errors, official scores
rule analyses:
    input:
        targets_of("analyses"),


# downloads: all that needs a network, for machines whose compute nodes have none
rule downloads:
    input:
        targets_of("downloads"),


# annotations: texts of the section `annotations`, tagged
rule annotations:
    input:
        targets_of("annotations"),


# hub: instruction sets and tuned models with their cards, to publish
rule hub:
    input:
        targets_of("hub"),


# report_page: the report, `report/index.html`
rule report_page:
    input:
        targets_of("report"),
