"""The recipes of not-so-big-GAN, a row each."""

from frugan.recipes.published import NSB_SAMPLERS
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
    "nsb-gan-w-fastgan": Recipe(
        "fastgan:nsb_gan_w_fastgan",
        "FastGAN on 32 x 32 wavelet codes of 128 x 128 images, with the scale-space.",
        side=128,
        minutes=68,
    ),
    "fastgan-128-small": Recipe(
        "fastgan:fastgan_small",
        "A narrow FastGAN on the 128 x 128 pixels themselves, with DiffAugment.",
        side=128,
        minutes=75,
    ),
}
