"""What is trained, one file a family: generators with their discriminators, and decoders; `base` has the interfaces."""
