"""What can be asked for: its schema, its checks, where its files are. No torch here."""
