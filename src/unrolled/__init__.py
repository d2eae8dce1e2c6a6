"""Unrolled: what happens to gradients on their way back through time in a recurrent network."""
