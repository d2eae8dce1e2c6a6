"""The cells: what one step of a recurrent layer computes, and its transpose by hand."""
