"""Real data from the package index, written as files that the tasks for a user's own data read."""
