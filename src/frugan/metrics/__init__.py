"""How far two sets of features, or two images, are apart."""
