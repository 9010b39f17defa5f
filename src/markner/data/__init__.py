"""Corpora: from native files, checked by hash, to sentences with character spans."""
