"""Validation of what a user's own task brings."""
