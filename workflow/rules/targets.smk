# Parts of the study that can be asked for by name, each described by its docstring.


rule corpora:
    """Make the corpora and their card."""
    input:
        targets_of("corpora"),


rule released:
    """Make the marked sentences in the form that the paper's authors released."""
    input:
        targets_of("released"),


rule instructions:
    """Make the instruction sets."""
    input:
        targets_of("instructions"),


rule tables:
    """Make the tables with everything they depend on."""
    input:
        targets_of("tables"),


rule figures:
    """Make the figures with everything they depend on."""
    input:
        targets_of("figures"),


rule analyses:
    """Make the significance tests, the scores by stratum, the calibrations, the error analyses, the suspects and official scores."""
    input:
        targets_of("analyses"),


rule downloads:
    """Fetch everything that needs a network, for machines whose compute nodes have none."""
    input:
        targets_of("downloads"),


rule annotations:
    """Tag the texts of the section `annotations`."""
    input:
        targets_of("annotations"),


rule hub:
    """Make instruction sets and tuned models with their cards, ready to publish."""
    input:
        targets_of("hub"),


rule report_page:
    """Make the report, `report/index.html`."""
    input:
        targets_of("report"),
