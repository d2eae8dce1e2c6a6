"""How processes are started, stopped and given their share of a machine. No torch here."""
