"""Jobs of a run that was killed are found by name, comment and folder, and by nothing less."""

from pathlib import Path

from markner.preflight.orphaned_jobs import orphaned_jobs

RUN = "0b1f6c2e-3f43-4a55-9e0f-6b0c0a7a2f11"


def test_only_the_jobs_of_a_run_in_this_folder_count(tmp_path: Path) -> None:
    other = tmp_path / "other"
    (tmp_path / "link").symlink_to(tmp_path)
    lines = [
        f"12|{RUN}|RUNNING|rule_train_wildcards_node_1|{tmp_path}",
        f"13|{RUN}|PENDING|rule_scores_errors_score|{tmp_path / 'link'}",
        f"14|{RUN}|RUNNING|rule_train_wildcards_node_1|{other}",
        f"15|head|RUNNING|(null)|{tmp_path}",
        f"16|{RUN}|RUNNING|(null)|{tmp_path}",
    ]
    found = orphaned_jobs("\n".join(lines) + "\n", tmp_path)
    assert found == {RUN: ["12 (running, train_wildcards_node_1)", "13 (pending, scores_errors_score)"]}
    assert orphaned_jobs("", tmp_path) == {}
    assert orphaned_jobs(f"17|my-ner_{RUN}|RUNNING|rule_card|{tmp_path}", tmp_path) == {
        f"my-ner_{RUN}": ["17 (running, card)"]
    }, "a profile may name a prefix"
