"""How good a model is: evaluation, decoders compared, truncation swept, sizes compared, the model card."""
