"""HTML pages and terminal tables of runs and sweeps, made from their folders alone."""
