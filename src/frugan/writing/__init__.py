"""Pictures into files: PNG, contact sheets, TIFF, Deep Zoom, video; each appears whole or not at all."""
