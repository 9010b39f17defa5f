"""Self-instruct: training sentences written by a model, and the filters that keep or refuse them."""
