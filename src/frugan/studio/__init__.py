"""A page of one's own: train, watch, explore and zoom in a browser, served by this machine to itself."""
