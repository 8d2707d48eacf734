"""Frozen judges: networks whose features distances are taken between."""
