"""What a run leaves behind: its folder of CSV files and status, and its W&B run."""
