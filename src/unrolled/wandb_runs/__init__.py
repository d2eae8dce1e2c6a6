"""Weights & Biases: logging of runs, uploads, panels and workspaces."""
