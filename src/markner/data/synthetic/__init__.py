"""Further training sentences written by a model: what it is shown, what of its writing is kept and why."""
