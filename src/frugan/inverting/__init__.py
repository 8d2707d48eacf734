"""From pictures to latents, and directions among latents: searches that leave a model's weights as they are."""
