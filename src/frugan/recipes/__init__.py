"""Complete configurations to begin from: one file a paper, one function a table row, one line here each.

The table imports no torch, so that it can be listed and searched at once; a recipe's file is imported when it is built.
"""

from importlib import import_module
from typing import NamedTuple

from frugan.config.schema import RunConfig
from frugan.system.errors import ArgumentError, did_you_mean


class Recipe(NamedTuple):
    """Where a configuration is built, and what it is in one line.

    Attributes:
        builder: "module:function" of this room.
        summary: one sentence.
        argument: what the function is given, where it builds several recipes.
    """

    builder: str
    summary: str
    argument: str = ""

    def build(self) -> RunConfig:
        """The complete configuration."""
        module, _, function = self.builder.partition(":")
        build = getattr(import_module(f"frugan.recipes.{module}"), function)
        config: RunConfig = build(self.argument) if self.argument else build()
        return config


# By what a reader looks for, in the order of a listing.
GROUPS: dict[str, dict[str, Recipe]] = {
    "Start here": {
        "quickstart": Recipe(
            "quickstart:quickstart", "Drawn people at 128 x 128 from 32 x 32 codes, in minutes on a laptop's CPU."
        ),
        "nsb-gan-w-dcgan": Recipe(
            "not_so_big_gan:nsb_gan_w_dcgan",
            "Your photos at 128 x 128 from 32 x 32 wavelet codes: DCGAN + noisy scale-space + SRResNet.",
        ),
        "creps-small": Recipe(
            "creps:small", "CREPS at a width for a CPU: 32 x 32, rendered at any size.", "creps-small"
        ),
    },
    "not-so-big-GAN: a sampler of small codes, and a decoder": {
        "nsb-gan-w": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN-deep on wavelet codes and ESRGAN-W, class-conditional (tables 1 and 4).",
            "nsb-gan-w",
        ),
        "nsb-gan-p": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN on blurred and subsampled pixels and ESRGAN-P, class-conditional (tables 1 and 4).",
            "nsb-gan-p",
        ),
        "nsb-gan-w-unet": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN-deep on wavelet codes and UNet-W, class-conditional (table 4).",
            "nsb-gan-w-unet",
        ),
        "biggan-256": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN on the pixels themselves, class-conditional: the baseline of table 1.",
            "biggan-256",
        ),
        "nsb-gan-w-stylegan2": Recipe(
            "not_so_big_gan_samplers:paper",
            "StyleGAN2 on wavelet codes and ESRGAN-W, unconditional (after table 10).",
            "nsb-gan-w-stylegan2",
        ),
        "nsb-gan-w-small": Recipe(
            "not_so_big_gan_samplers:small",
            "A narrow BigGAN-deep on 32 x 32 wavelet codes of 128 x 128 images, class-conditional.",
            "nsb-gan-w-small",
        ),
        "nsb-gan-p-small": Recipe(
            "not_so_big_gan_samplers:small", "The same on 32 x 32 blurred and subsampled pixels.", "nsb-gan-p-small"
        ),
        "biggan-128-small": Recipe(
            "not_so_big_gan_samplers:small", "The same on the 128 x 128 pixels themselves.", "biggan-128-small"
        ),
    },
    "not-so-big-GAN: decoders (train them with --part decoder)": {
        "resnet-w": Recipe(
            "decoders:paper", "SRResNet on wavelet codes, L1: 64 to 256 px, as in the paper.", "resnet-w"
        ),
        "resnet-p": Recipe("decoders:paper", "SRResNet on blurred and subsampled pixels, L1.", "resnet-p"),
        "esrgan-w": Recipe(
            "decoders:paper",
            "resnet-w, then against a discriminator with a perceptual loss: the paper's sharpest.",
            "esrgan-w",
        ),
        "esrgan-p": Recipe("decoders:paper", "resnet-p, then against a discriminator.", "esrgan-p"),
        "unet-w": Recipe(
            "decoders:paper", "UNets that regress the missing wavelet packets, 147 million parameters.", "unet-w"
        ),
        "unet-p": Recipe("decoders:paper", "UNets that regress what bilinear enlargement misses.", "unet-p"),
        "resnet-w-small": Recipe("decoders:small", "resnet-w at a width for a CPU.", "resnet-w"),
        "resnet-p-small": Recipe("decoders:small", "resnet-p at a width for a CPU.", "resnet-p"),
        "esrgan-w-small": Recipe("decoders:small", "esrgan-w at a width for a CPU.", "esrgan-w"),
        "esrgan-p-small": Recipe("decoders:small", "esrgan-p at a width for a CPU.", "esrgan-p"),
        "unet-w-small": Recipe("decoders:small", "unet-w at a width for a CPU.", "unet-w"),
        "unet-p-small": Recipe("decoders:small", "unet-p at a width for a CPU.", "unet-p"),
        "gated-w-small": Recipe(
            "decoders:small",
            "Gated large-kernel blocks at the code's size, exact on wavelet codes: our own light decoder.",
            "gated-w",
        ),
    },
    "CREPS, and the generators it is compared with: pictures of any size": {
        "creps-ffhq-128": Recipe("creps:paper", "CREPS on FFHQ at 128 x 128 (table 4).", "creps-ffhq-128"),
        "creps-ffhq-512": Recipe("creps:paper", "CREPS on FFHQ at 512 x 512 (table 3).", "creps-ffhq-512"),
        "creps-ffhq-1024": Recipe(
            "creps:paper",
            "CREPS trained on FFHQ at 1024 x 1024; table 3's is creps-ffhq-512, rendered at 1024.",
            "creps-ffhq-1024",
        ),
        "creps-lsun-church": Recipe("creps:paper", "CREPS on LSUN church at 256 x 256 (table 3).", "creps-lsun-church"),
        "creps-scenery": Recipe("creps:paper", "CREPS on Scenery at 256 x 256.", "creps-scenery"),
        "creps-metfaces-1024": Recipe(
            "creps:paper",
            "CREPS on MetFaces at 1024 x 1024, to go on with --from a run of FFHQ-512.",
            "creps-metfaces-1024",
        ),
        "creps-afhq-dog-1024": Recipe(
            "creps:paper",
            "CREPS on AFHQ-Dog at 1024 x 1024, to go on with --from a run of FFHQ-512.",
            "creps-afhq-dog-1024",
        ),
        "creps-small-consistent": Recipe(
            "creps:small",
            "creps-small whose pictures of half the size are pulled to what it was trained at.",
            "creps-small-consistent",
        ),
        "creps-small-thin": Recipe(
            "creps:small", "creps-small with lines of 4 slots instead of 8.", "creps-small-thin"
        ),
        "creps-small-no-decoders": Recipe("creps:small", "creps-small without decoders.", "creps-small-no-decoders"),
        "creps-small-per-pixel": Recipe("creps:small", "creps-small without lines.", "creps-small-per-pixel"),
        "cips-small": Recipe("creps:small", "CIPS of as many parameters: the scale-consistent baseline.", "cips-small"),
        "stylegan2-small": Recipe(
            "creps:small", "StyleGAN2 of as many parameters: the convolutional baseline.", "stylegan2-small"
        ),
        "inr-gan-small": Recipe(
            "creps:small", "INR-GAN of as many parameters: of coordinates, and of one size.", "inr-gan-small"
        ),
        "scaleparty-small": Recipe(
            "creps:small",
            "ScaleParty of as many parameters: convolutions without padding, trained on windows.",
            "scaleparty-small",
        ),
        "creps-w": Recipe(
            "creps:wavelet", "creps-small as the sampler of wavelet codes, and a decoder: 128 x 128.", "creps-w"
        ),
        "stylegan2-w-small": Recipe(
            "creps:wavelet", "stylegan2-small as the sampler of wavelet codes, and a decoder.", "stylegan2-w-small"
        ),
    },
    "Noisy scale-space, and the methods it is compared with": {
        "dcgan-gan": Recipe(
            "noisy_scale_space:dcgan", "DCGAN, non-saturating loss, nothing else (NSS paper, table 4).", "gan"
        ),
        "dcgan-gan-gr": Recipe("noisy_scale_space:dcgan", "DCGAN with the gradient penalty R1 (table 4).", "gan-gr"),
        "dcgan-lsgan": Recipe("noisy_scale_space:dcgan", "DCGAN with the least-squares loss (table 4).", "lsgan"),
        "dcgan-wgan-gp": Recipe(
            "noisy_scale_space:dcgan", "DCGAN with the Wasserstein loss and a gradient penalty (table 4).", "wgan-gp"
        ),
        "dcgan-dragan": Recipe(
            "noisy_scale_space:dcgan", "DCGAN with DRAGAN's penalty near real images (table 4).", "dragan"
        ),
        "dcgan-ss": Recipe("noisy_scale_space:dcgan", "DCGAN with the scale-space: blur alone (table 4).", "ss"),
        "dcgan-ns": Recipe("noisy_scale_space:dcgan", "DCGAN with annealed noise alone (table 4).", "ns"),
        "dcgan-nss": Recipe(
            "noisy_scale_space:dcgan", "DCGAN with the noisy scale-space, the paper's proposal (table 4).", "nss"
        ),
        "sg2-ada-metfaces512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2", "StyleGAN2 with ADA on MetFaces (table 5).", "sg2-ada-metfaces512"
        ),
        "sg2-ada-nss-metfaces512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with ADA and the noisy scale-space on MetFaces (table 5).",
            "sg2-ada-nss-metfaces512",
        ),
        "sg2-ada-ffhq512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2", "StyleGAN2 with ADA on FFHQ (table 6).", "sg2-ada-ffhq512"
        ),
        "sg2-nss-ffhq512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with the noisy scale-space instead of ADA on FFHQ (table 6).",
            "sg2-nss-ffhq512",
        ),
        "sg2-noaug-ffhq512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with neither on FFHQ: the control that table 6 lacks.",
            "sg2-noaug-ffhq512",
        ),
    },
}
RECIPES: dict[str, Recipe] = {name: recipe for group in GROUPS.values() for name, recipe in group.items()}


def check_recipe(name: str) -> str:
    """
    Raises:
        ArgumentError: no recipe of that name.
    """
    if name not in RECIPES:
        raise ArgumentError("recipe", f"unknown{did_you_mean(name, RECIPES)}", name)
    return name


def find_recipe(name: str) -> RunConfig:
    """
    Raises:
        ArgumentError: no recipe of that name.
    """
    return RECIPES[check_recipe(name)].build()
