"""What we look at: norms of dL/dh_t per time step, their slope and horizon, and the regime they make."""
