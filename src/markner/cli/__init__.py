"""Subcommands of `markner`, one file each: help text, function that adds its arguments, function that runs it."""
