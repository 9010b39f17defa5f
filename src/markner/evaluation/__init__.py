"""Scores: predictions against gold, as spans."""
