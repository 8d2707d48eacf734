"""Pure functions of tensors: wavelets, scale-space, spectra, warps, grids of coordinates. No weights, no state."""
