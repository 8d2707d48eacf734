"""Losses and penalties: on logits, on generators, on images; `base` has their signatures."""
