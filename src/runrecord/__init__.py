"""Where results come from: files, hashes and rules; nothing of NER."""
