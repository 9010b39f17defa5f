"""Subcommands of `markner`, one file each: `arguments` adds its arguments, `run` runs it and returns the exit code."""
