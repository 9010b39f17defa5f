"""Subcommands of `markner`, a file each: `arguments` tells what it takes, `run` does it and returns the exit code."""
