"""MarkNER: biomedical named entity recognition as marking, from corpora to audited tables."""

__version__ = "0.2.0"
