"""What a sweep says about each quantity that it compares: sentences that follow from numbers, and a figure."""
