# Input functions of the rules in ../train.smk.
def weights_inputs(wildcards):
    model = STUDY.models[wildcards.model]
    return [model.path] if isinstance(model, FolderModel) else []


def run_instructions(wildcards):
    return f"{RESULTS}/instructions/{STUDY.runs[wildcards.run].mixture}.json"
