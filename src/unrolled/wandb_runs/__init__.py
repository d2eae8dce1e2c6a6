"""Everything that knows W&B: what a run logs, what is uploaded, panels and workspace."""
