"""Files that are whole or absent, also after a process was killed while it wrote."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runrecord.files import atomic, write_text

WRITE = """
import sys
from runrecord.files import atomic
with atomic(sys.argv[1]) as stream:
    stream.write("half")
    stream.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_an_error_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic(tmp_path / "a.txt") as stream:
        stream.write("half")
        raise RuntimeError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_a_killed_writer_left_is_removed_by_the_next_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "writing\n"
    killed, living = writers
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    write_text(target, "whole")
    assert len(list(tmp_path.iterdir())) == 2
    living.communicate("")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "half")]
