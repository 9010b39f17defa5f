# What jobs ask of a machine. These are no settings: a change of them runs nothing again.
def hardware(name):
    """A value of the `hardware` of the model behind a job."""

    def of(wildcards):
        return getattr(hardware_of(wildcards), name)

    return of


def hardware_of(wildcards):
    return STUDY.models[STUDY.runs[wildcards.run].model].hardware


def writer_hardware(wildcards):
    """The `hardware` of the model that writes candidates."""
    return STUDY.models[STUDY.self_instruct[wildcards.set].model].hardware


def writer_device(wildcards):
    return writer_hardware(wildcards).device


def writer_gpus(wildcards):
    return gpus_of(writer_hardware(wildcards))


def writer_memory(wildcards):
    return round(1000 * writer_hardware(wildcards).memory_gb)


def writer_minutes(wildcards):
    return round(60 * writer_hardware(wildcards).predict_hours)


def annotation_hardware(wildcards):
    """The `hardware` of the models of all runs that tag a collection."""
    runs = STUDY.annotations[wildcards.annotation].runs
    return [STUDY.models[STUDY.runs[item.run].model].hardware for item in runs]


def annotation_gpus(wildcards):
    return max(map(gpus_of, annotation_hardware(wildcards)))


def annotation_memory(wildcards):
    """The models are in memory together."""
    memory = sum(each.memory_gb for each in annotation_hardware(wildcards))
    return round(1000 * max(8, memory))


def embedding_device(wildcards):
    """The `device` of the model that embeds the sentences of a chat run."""
    return STUDY.models[STUDY.runs[wildcards.run].embedding].hardware.device


def gpus_of(hardware):
    """GPUs of a job that uses one if there is one."""
    return 0 if hardware.device == "cpu" else 1


def memory_in_tries(rule):
    """Memory of a rule's job: more in a further try only if the last one ended out of memory."""

    def of(wildcards, attempt):
        own = "/".join(
            f"seed{value}" if name == "seed" else value for name, value in wildcards.items()
        )
        slurm = Path("results/slurm_logs", f"rule_{rule}", "_".join(map(str, wildcards)))
        logs = [Path(LOGS, rule.removesuffix("_on_nodes"), f"{own}.log"), *slurm.glob("*.log")]
        return memory_of_try(round(1000 * hardware_of(wildcards).memory_gb), attempt, logs)

    return of


def training_processes(wildcards):
    return queries.training_processes(STUDY, wildcards.run)


def training_gpus(wildcards):
    return 0 if hardware_of(wildcards).device == "cpu" else training_processes(wildcards)


def training_minutes(wildcards):
    """The same in each try: a training continues from its last state, and partitions have limits."""
    return round(60 * hardware_of(wildcards).train_hours)


def prediction_gpus(wildcards):
    return gpus_of(hardware_of(wildcards))


def prediction_minutes(wildcards):
    """The same in each try: a prediction keeps the rows it has."""
    return round(60 * hardware_of(wildcards).predict_hours)


def encoder_minutes(wildcards):
    return MINUTES_A_POINT * len(PARTS[wildcards.run][wildcards.part])
