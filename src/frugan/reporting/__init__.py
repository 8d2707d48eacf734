"""A run, a sweep or a comparison of decoders as one HTML page."""
