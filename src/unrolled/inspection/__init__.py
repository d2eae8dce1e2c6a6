"""Restores the network of a finished run, diagnoses it, predicts with it and draws pictures of it."""
