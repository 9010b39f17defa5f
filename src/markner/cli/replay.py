"""`markner replay`: run a recorded job again from its recorded inputs and compare the bytes."""

import argparse
import sys
from pathlib import Path

from markner.cli.recorded import open_audit
from markner.errors import MarknerError

ASK = {"chat", "chat_served"}
"""Rules that ask chat models. The answers were paid for, so a replay uses them where the study keeps them."""
READ_RECORDS = {"lineage", "crate"}
"""Rules whose jobs read the records of results. Records are no inputs of a job, so a replay has none of them."""

HELP = "run the job of a result again from its recorded inputs and compare the bytes"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner replay`."""
    parser.add_argument("path", type=Path, help="a result")
    parser.add_argument("--configfile", type=Path, help="study file of the result; --run needs it")
    parser.add_argument("--run", action="store_true", help="run the job and compare all its outputs byte by byte")
    parser.add_argument("--folder", type=Path, help="scratch folder, empty or new (default: a temporary folder)")
    parser.epilog = "exit codes: 0 identical, 1 different, 64 an error"


def run(options: argparse.Namespace) -> int:
    """Print the commands of the replay, or run it with `--run`. Return the exit code."""
    from runrecord.effects import duration
    from runrecord.replay import plan_replay, run_replay

    if options.run and options.configfile is None:
        raise MarknerError("a replay needs the study's settings", "add --configfile FILE")
    audit, name = open_audit(options.path, options.configfile)
    if options.configfile and not audit.compares(name):
        raise MarknerError(f"{name} is not a result of {audit.compared}", "give the study file that it was made with")
    record = audit.node(name).record
    if record and record["rule"] in READ_RECORDS:
        raise MarknerError(
            f"{name} cannot be replayed: it is made from records, which are no inputs of a job",
            "replay the report or a result that it lists",
        )
    folder = options.folder.resolve() if options.folder else None
    configfile = options.configfile.resolve() if options.configfile else None
    config = _answers(audit.root, configfile) if record and record["rule"] in ASK else []
    plan = plan_replay(audit, name, configfile, config)
    for note in plan.notes:
        print(f"note: {note}", file=sys.stderr)
    if not options.run:
        print(plan.commands(folder))
        return 0
    print(f"the job took {duration(plan.seconds)} when it last ran", file=sys.stderr)
    differences, kept = run_replay(plan, folder)
    print("\n".join(differences or [f"identical: {path}" for path in plan.outputs]))
    if kept:
        print(f"the replay is in {kept}")
    return 1 if differences else 0


def _answers(root: Path, configfile: Path | None) -> list[str]:
    """Return the setting of the folder that keeps the answers of chat models, which a job finds from any folder."""
    from markner.study.loading import load_study_file
    from markner.study.schema.study import Study

    kept = load_study_file(configfile).answers if configfile else Study.model_fields["answers"].default
    return [f"answers={root / kept}"]
