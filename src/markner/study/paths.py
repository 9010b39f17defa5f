"""Where things lie: the checkout with its resources, and the folder of a study's results."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
"""The folder that the package is installed from."""
CORPUS_REGISTRY = CHECKOUT / "resources" / "corpora" / "registry.json"
PAPER_TABLES = CHECKOUT / "resources" / "paper" / "tables.json"
PAGE_TEMPLATES = CHECKOUT / "src" / "markner" / "reporting" / "page" / "templates"
RESULTS = "results"
"""The folder of all results, in the folder that the workflow runs in."""


def results_of(study: str) -> Path:
    """Return the folder of a study's results, by the name of the study."""
    return Path(RESULTS, study)
