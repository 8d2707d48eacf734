"""Between an image and the code that the sampler models: `wavelet`, `pixel`, `identity`; `base` has the interface."""
