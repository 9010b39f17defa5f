"""Corpora and documents: fetched files, formats, sentences with character spans, instruction sets."""
