"""From a folder of photos to batches: sources -> packed uint8 (N, 3, R, R) on disk -> float (N, 3, R, R) in [-1, 1].

source = open_source("photos/")          # frugan.data.source: what there is
dataset = pack(source, 128)              # frugan.data.cache: decoded once, memory-mapped ever after
loader = Loader(dataset, seed=0, mirror=True)
images, labels = loader.batch(0, 64)     # frugan.data.loader: the only file here that imports torch
"""
