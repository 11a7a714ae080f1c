"""Tracks to video: renderers, encoding, quality checks, stimulus sets."""
