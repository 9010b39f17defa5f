"""Annotation of the user's own texts with trained runs."""
