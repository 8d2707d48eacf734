"""What the discriminator sees while training: scale-space, augmentation, several in a row; `base` has the interface."""
