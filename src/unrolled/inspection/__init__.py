"""A finished network, asked again: restored, diagnosed, shown in pictures."""
