# What jobs ask of a machine. These are no settings: a change of them runs nothing again.
def growing(first):
    """A resource of which a job that failed is given half as much again in each further try."""

    def of(wildcards, attempt):
        return round(first * (1 + attempt) / 2)

    return of


def hardware(name):
    """A value of the `hardware` of the model behind a job."""

    def of(wildcards):
        return getattr(hardware_of(wildcards), name)

    return of


def hardware_of(wildcards):
    return STUDY.models[STUDY.runs[wildcards.run].model].hardware


def writer_device(wildcards):
    """The `device` of the model that writes candidates."""
    return STUDY.models[STUDY.self_instruct[wildcards.set].model].hardware.device


def embedding_device(wildcards):
    """The `device` of the model that embeds the sentences of a chat run."""
    return STUDY.models[STUDY.runs[wildcards.run].embedding].hardware.device


def model_memory(wildcards, attempt):
    return growing(1000 * hardware_of(wildcards).memory_gb)(wildcards, attempt)


def training_gpus(wildcards):
    hardware = hardware_of(wildcards)
    return 0 if hardware.device == "cpu" else hardware.processes


def training_minutes(wildcards):
    """The same in each try: a training goes on where it was, and partitions have limits."""
    return round(60 * hardware_of(wildcards).train_hours)


def prediction_gpus(wildcards):
    return 0 if hardware_of(wildcards).device == "cpu" else 1


def prediction_minutes(wildcards, attempt):
    return growing(60 * hardware_of(wildcards).predict_hours)(wildcards, attempt)


def encoder_minutes(wildcards):
    return MINUTES_A_POINT * len(PARTS[wildcards.run][wildcards.part])
