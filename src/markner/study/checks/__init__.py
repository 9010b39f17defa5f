"""Checks of a study beyond types: names that one part uses of another."""
