# What jobs ask of a machine. These are no settings: a change of them runs nothing again.
def hardware(name, of_job=None):
    """A value of the `hardware` of the model behind a job, by default of the model of its run."""

    def of(wildcards):
        return getattr((of_job or run_hardware)(wildcards), name)

    return of


def run_hardware(wildcards):
    return queries.hardware_of(STUDY, wildcards.run)


def writer_hardware(wildcards):
    """The `hardware` of the model that writes candidates."""
    return STUDY.models[STUDY.self_instruct[wildcards.set].model].hardware


def embedding_hardware(wildcards):
    """The `hardware` of the model that embeds the sentences of a chat run."""
    return STUDY.models[STUDY.runs[wildcards.run].embedding].hardware


def annotation_resource(name):
    """A value that the job of an annotation asks for."""

    def of(wildcards):
        return annotation_resources(STUDY, wildcards.annotation)[name]

    return of


def memory_in_tries(rule, first="memory_mb"):
    """Memory of a rule's job: more in a further try only if the last one ended out of memory, up to what a node of its
    partition has.

    `first` names the value of the model's `hardware` that the first try asks for.
    """

    def of(wildcards, attempt):
        own = "/".join(
            f"seed{value}" if name == "seed" else value for name, value in wildcards.items()
        )
        slurm = Path("results/slurm_logs", f"rule_{rule}", "_".join(map(str, wildcards)))
        # SLURM keeps a log of each try; without SLURM there is the job's own log of the last one.
        logs = [*slurm.glob("*.log")] or [Path(LOGS, rule.removesuffix("_on_nodes"), f"{own}.log")]
        memory = getattr(run_hardware(wildcards), first)
        limit = largest_memory_mb(partition_of(rule)) if attempt > 1 else None
        return memory_of_try(memory, attempt, logs, limit)

    return of


def partition_of(rule):
    """The SLURM partition that the profile names for the jobs of a rule; empty for the default one."""
    named = workflow.get_rule(rule).resources.get("slurm_partition").raw
    return str(named or "").strip("'")


def cores_of_profile(rule):
    """Cores that the profile for SLURM asks for a rule's jobs (`cpus_per_task`), one without it.

    On processor cores, small models side by side on a core each get more done than one after the other over all cores.
    """

    def of(wildcards):
        asked = workflow.get_rule(rule).resources.get("cpus_per_task").raw
        return int(asked) if asked else 1

    return of


def training_processes(wildcards):
    return queries.training_processes(STUDY, wildcards.run)


def training_gpus(wildcards):
    return run_hardware(wildcards).gpus * training_processes(wildcards)


def gpus_of_each_node(wildcards):
    """The GPUs of each node, as SLURM's plugin passes them on; `gpu` would be a number for all nodes together."""
    count = training_gpus(wildcards) // run_hardware(wildcards).nodes
    return f"gpu:{count}" if count else ""


def encoder_minutes(wildcards):
    return MINUTES_A_POINT * len(PARTS[wildcards.run][wildcards.part])


def training_disk(wildcards):
    """GB of disk that a training may take; the profile limits the sum over those that run at once."""
    return training_gb(STUDY, wildcards.run, len(PARTS.get(wildcards.run, [1])))
