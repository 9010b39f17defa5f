"""Folders to publish: instruction sets as Hugging Face datasets, tuned models with a card."""
