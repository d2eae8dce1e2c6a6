"""Lightning: the module, the data module, and the callbacks that look at gradients while it trains."""
