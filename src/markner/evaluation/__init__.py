"""Scores: predictions against gold, as spans.

Of the arguments of all functions here, `sentences` is the gold, JSON lines of `Sentence`; `predictions` are JSON lines
of `Prediction`, one for each sentence, in any order. A MarknerError says if they do not belong together. `gold` and
`predicted` are spans by sentence, in the same order. The same input gives the same bytes.
"""
