"""Models: loading, tuning, decoding. The only room that imports torch."""
