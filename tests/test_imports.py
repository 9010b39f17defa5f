"""Libraries are imported without companions that nobody uses, and leave no trace of that."""

import subprocess
import sys

from conftest import ROOT

CASES = {
    "sklearn": "import markner.evaluation.score",
    "torch": "from markner.data.sentences import sentence_bounds; assert len(sentence_bounds('One. Two.')) == 2",
}


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def test_scoring_imports_no_scikit_learn_and_splitting_no_torch() -> None:
    for companion, use in CASES.items():
        _run(f"import sys; {use}; assert not [name for name in sys.modules if name.split('.')[0] == {companion!r}]")


def test_the_real_companion_can_be_imported_afterwards() -> None:
    _run(f"{CASES['sklearn']}; import sklearn.metrics; from sklearn.exceptions import UndefinedMetricWarning")
    _run(f"{CASES['torch']}; import torch; torch.zeros(1)")


def test_a_command_whose_package_is_not_installed_says_so() -> None:
    arguments = ["preflight", "--configfile", str(ROOT / "config" / "demo.yaml"), "--no-cluster"]
    code = f"import sys; sys.modules['torch'] = None; from markner.cli.main import main; sys.exit(main({arguments}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert done.stderr.startswith("error: this command needs the Python package torch, which is not installed\nfix: ")


def test_a_companion_that_is_imported_already_is_left_alone() -> None:
    _run(
        "import sklearn.exceptions as before; import markner.evaluation.score; import sklearn.exceptions as after;"
        "assert before is after"
    )


def test_garbage_is_looked_for_rarely_until_the_imports_of_a_job_end() -> None:
    _run(
        "import gc, sys; usual = gc.get_threshold(); sys.argv = ['.snakemake/scripts/score.py']; import markner;"
        "from runrecord.imports import end_of_imports;"
        "assert gc.get_threshold()[0] > usual[0]; end_of_imports();"
        "assert gc.get_threshold() == usual; assert gc.get_freeze_count() > 1000"
    )


def test_a_program_that_imports_the_package_keeps_its_thresholds() -> None:
    _run("import gc; usual = gc.get_threshold(); import markner; assert gc.get_threshold() == usual")
