"""The recipes of not-so-big-GAN, a row each."""

from frugan.recipes.published import NSB_DECODERS, NSB_SAMPLERS
from frugan.recipes.recipe import Recipe

SAMPLERS: dict[str, Recipe] = {
    "nsb-gan-w": Recipe(
        "not_so_big_gan_samplers:paper",
        "BigGAN-deep on wavelet codes and ESRGAN-W, class-conditional (tables 1 and 4).",
        "nsb-gan-w",
        side=256,
        images="ImageNet",
        paper=NSB_SAMPLERS["nsb-gan-w"],
    ),
    "nsb-gan-p": Recipe(
        "not_so_big_gan_samplers:paper",
        "BigGAN on blurred and subsampled pixels and ESRGAN-P, class-conditional (tables 1 and 4).",
        "nsb-gan-p",
        side=256,
        images="ImageNet",
        paper=NSB_SAMPLERS["nsb-gan-p"],
    ),
    "nsb-gan-w-unet": Recipe(
        "not_so_big_gan_samplers:paper",
        "BigGAN-deep on wavelet codes and UNet-W, class-conditional (table 4).",
        "nsb-gan-w-unet",
        side=256,
        images="ImageNet",
        paper=NSB_SAMPLERS["nsb-gan-w-unet"],
    ),
    "biggan-256": Recipe(
        "not_so_big_gan_samplers:paper",
        "BigGAN on the pixels themselves, class-conditional: the baseline of table 1.",
        "biggan-256",
        side=256,
        images="ImageNet",
        paper=NSB_SAMPLERS["biggan-256"],
    ),
    "nsb-gan-w-stylegan2": Recipe(
        "not_so_big_gan_samplers:paper",
        "StyleGAN2 on wavelet codes and ESRGAN-W, unconditional (after table 10).",
        "nsb-gan-w-stylegan2",
        side=256,
        images="LSUN church",
        paper=NSB_SAMPLERS["nsb-gan-w-stylegan2"],
    ),
    "nsb-gan-w-small": Recipe(
        "not_so_big_gan_samplers:small",
        "A narrow BigGAN-deep on 32 x 32 wavelet codes of 128 x 128 images, class-conditional.",
        "nsb-gan-w-small",
        side=128,
        minutes=81,
    ),
    "nsb-gan-p-small": Recipe(
        "not_so_big_gan_samplers:small",
        "The same on 32 x 32 blurred and subsampled pixels.",
        "nsb-gan-p-small",
        side=128,
        minutes=97,
    ),
    "biggan-128-small": Recipe(
        "not_so_big_gan_samplers:small",
        "The same on the 128 x 128 pixels themselves.",
        "biggan-128-small",
        side=128,
        minutes=404,
    ),
}

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
    "unet-p": Recipe(
        "decoders:paper",
        "UNets that regress what bilinear enlargement misses.",
        "unet-p",
        side=256,
        images="ImageNet",
        paper=NSB_DECODERS["unet-p"],
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
}
