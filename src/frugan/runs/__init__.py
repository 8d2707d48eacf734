"""A run from its configuration to its trained parts: the folder on disk, preparation, training, what begins from it."""
