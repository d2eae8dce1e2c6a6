"""What runs and sweeps leave on disk: its names, its files, its words. No torch here."""
