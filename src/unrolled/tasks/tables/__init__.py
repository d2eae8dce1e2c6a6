"""Tables and archives of a user: read, cleaned, split, scaled and cut into windows."""
