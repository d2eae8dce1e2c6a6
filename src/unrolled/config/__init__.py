"""The configuration: its schema, its validation and its files. No torch here."""
