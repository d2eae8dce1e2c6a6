"""Files that runs and sweeps leave on disk: names, formats and words. No torch here."""
