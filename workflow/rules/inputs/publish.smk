# Input functions of the rules in ../publish.smk.
def card_template(kind):
    return os.path.join(CHECKOUT, "src", "markner", "reporting", "hub", "templates", f"{kind}.md")


def run_scores(wildcards):
    folder = f"{RESULTS}/scores/{wildcards.run}/seed{wildcards.seed}"
    return [f"{folder}/{corpus}.json" for corpus in STUDY.runs[wildcards.run].evaluate]
