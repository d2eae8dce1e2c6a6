"""The page that people look at, and the table in the terminal: from a sweep's folder alone."""
