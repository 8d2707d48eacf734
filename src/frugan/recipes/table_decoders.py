"""Every recipe of a decoder, a row each; minutes as in `table`."""

from frugan.recipes.published import NSB_DECODERS
from frugan.recipes.recipe import Recipe

DECODERS: dict[str, Recipe] = {
    "resnet-w": Recipe(
        "decoders:paper",
        "SRResNet on wavelet codes, L1: 64 to 256 px, as in the paper.",
        "resnet-w",
        side=256,
        images="ImageNet",
    ),
    "resnet-p": Recipe(
        "decoders:paper", "SRResNet on blurred and subsampled pixels, L1.", "resnet-p", side=256, images="ImageNet"
    ),
    "esrgan-w": Recipe(
        "decoders:paper",
        "resnet-w, then against a discriminator with a perceptual loss: the paper's sharpest.",
        "esrgan-w",
        side=256,
        images="ImageNet",
    ),
    "esrgan-p": Recipe(
        "decoders:paper", "resnet-p, then against a discriminator.", "esrgan-p", side=256, images="ImageNet"
    ),
    "unet-w": Recipe(
        "decoders:paper",
        "UNets that regress the missing wavelet packets, 147 million parameters.",
        "unet-w",
        side=256,
        images="ImageNet",
        paper=NSB_DECODERS["unet-w"],
    ),
    "unet-w-level1": Recipe(
        "decoders:paper",
        "The first level of unet-w by itself, 64 to 128 px, as long as in the paper; `frugan join` joins both.",
        "unet-w-level1",
        side=256,
        images="ImageNet",
    ),
    "unet-w-level2": Recipe(
        "decoders:paper",
        "The second level of unet-w by itself, on true images of 128 px.",
        "unet-w-level2",
        side=256,
        images="ImageNet",
    ),
    "unet-p": Recipe(
        "decoders:paper",
        "UNets that regress what bilinear enlargement misses.",
        "unet-p",
        side=256,
        images="ImageNet",
        paper=NSB_DECODERS["unet-p"],
    ),
    "unet-p-level1": Recipe(
        "decoders:paper",
        "The first level of unet-p by itself, 64 to 128 px, as long as in the paper; `frugan join` joins both.",
        "unet-p-level1",
        side=256,
        images="ImageNet",
    ),
    "unet-p-level2": Recipe(
        "decoders:paper",
        "The second level of unet-p by itself, on true images of 128 px.",
        "unet-p-level2",
        side=256,
        images="ImageNet",
    ),
    "vq-vae-2": Recipe(
        "vq_vae_2:paper",
        "VQ-VAE-2, an autoencoder through indices: the baseline that table 3 quotes.",
        side=256,
        images="ImageNet",
        paper=NSB_DECODERS["vq-vae-2"],
    ),
    "resnet-w-small": Recipe("decoders:small", "resnet-w at a width for a CPU.", "resnet-w", side=256, minutes=5),
    "resnet-p-small": Recipe("decoders:small", "resnet-p at a width for a CPU.", "resnet-p", side=256, minutes=6),
    "esrgan-w-small": Recipe("decoders:small", "esrgan-w at a width for a CPU.", "esrgan-w", side=256, minutes=9),
    "esrgan-p-small": Recipe("decoders:small", "esrgan-p at a width for a CPU.", "esrgan-p", side=256, minutes=8),
    "unet-w-small": Recipe("decoders:small", "unet-w at a width for a CPU.", "unet-w", side=256, minutes=19),
    "unet-p-small": Recipe("decoders:small", "unet-p at a width for a CPU.", "unet-p", side=256, minutes=34),
    "gated-w-small": Recipe(
        "decoders:small",
        "Gated large-kernel blocks at the code's size, exact on wavelet codes: our own light decoder.",
        "gated-w",
        side=256,
        minutes=8,
    ),
    "vq-vae-2-small": Recipe("vq_vae_2:small", "vq-vae-2 at a width for a CPU.", side=256, minutes=20),
}
