"""Sweeps: their cells, how they are launched, and the table collected from what they leave."""
