"""Sweeps: planning of their runs, launchers, and collection of the results."""
