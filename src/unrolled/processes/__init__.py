"""Processes: ranks, signals, and the resources of the machine. Nothing here imports torch at import time."""
