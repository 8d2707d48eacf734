"""Every recipe, a row each.

The minutes are of short trials (`--dry-run`) on two cores of an AMD EPYC in November 2026, those of the first two rows
of whole trainings. With a decoder, both parts train at the same time.
"""

from frugan.recipes.decoder_table import DECODERS
from frugan.recipes.recipe import Recipe

# By what a reader looks for, in the order of a listing.
GROUPS: dict[str, dict[str, Recipe]] = {
    "Start here": {
        "quickstart": Recipe(
            "quickstart:quickstart",
            "Drawn people at 128 x 128 from 32 x 32 codes, in minutes on a laptop's CPU.",
            side=128,
            images="drawings",
            minutes=7,
        ),
        "nsb-gan-w-dcgan": Recipe(
            "not_so_big_gan:nsb_gan_w_dcgan",
            "Your photos at 128 x 128 from 32 x 32 wavelet codes: DCGAN + noisy scale-space + SRResNet.",
            side=128,
            minutes=29,
        ),
        "creps-small": Recipe(
            "creps:small",
            "CREPS at a width for a CPU: 32 x 32, rendered at any size.",
            "creps-small",
            side=32,
            minutes=55,
        ),
    },
    "not-so-big-GAN: a sampler of small codes, and a decoder": {
        "nsb-gan-w": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN-deep on wavelet codes and ESRGAN-W, class-conditional (tables 1 and 4).",
            "nsb-gan-w",
            side=256,
            images="ImageNet",
        ),
        "nsb-gan-p": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN on blurred and subsampled pixels and ESRGAN-P, class-conditional (tables 1 and 4).",
            "nsb-gan-p",
            side=256,
            images="ImageNet",
        ),
        "nsb-gan-w-unet": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN-deep on wavelet codes and UNet-W, class-conditional (table 4).",
            "nsb-gan-w-unet",
            side=256,
            images="ImageNet",
        ),
        "biggan-256": Recipe(
            "not_so_big_gan_samplers:paper",
            "BigGAN on the pixels themselves, class-conditional: the baseline of table 1.",
            "biggan-256",
            side=256,
            images="ImageNet",
        ),
        "nsb-gan-w-stylegan2": Recipe(
            "not_so_big_gan_samplers:paper",
            "StyleGAN2 on wavelet codes and ESRGAN-W, unconditional (after table 10).",
            "nsb-gan-w-stylegan2",
            side=256,
            images="LSUN church",
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
    },
    "not-so-big-GAN: decoders (train them with --part decoder)": DECODERS,
    "CREPS, and the generators it is compared with: pictures of any size": {
        "creps-ffhq-128": Recipe(
            "creps:paper", "CREPS on FFHQ at 128 x 128 (table 4).", "creps-ffhq-128", side=128, images="FFHQ"
        ),
        "creps-ffhq-512": Recipe(
            "creps:paper", "CREPS on FFHQ at 512 x 512 (table 3).", "creps-ffhq-512", side=512, images="FFHQ"
        ),
        "creps-ffhq-1024": Recipe(
            "creps:paper",
            "CREPS trained on FFHQ at 1024 x 1024; table 3's is creps-ffhq-512, rendered at 1024.",
            "creps-ffhq-1024",
            side=1024,
            images="FFHQ",
        ),
        "creps-lsun-church": Recipe(
            "creps:paper",
            "CREPS on LSUN church at 256 x 256 (table 3).",
            "creps-lsun-church",
            side=256,
            images="LSUN church",
        ),
        "creps-scenery": Recipe(
            "creps:paper", "CREPS on Scenery at 256 x 256.", "creps-scenery", side=256, images="Scenery"
        ),
        "creps-metfaces-1024": Recipe(
            "creps:paper",
            "CREPS on MetFaces at 1024 x 1024, to go on with --from a run of FFHQ-512.",
            "creps-metfaces-1024",
            side=1024,
            images="MetFaces",
        ),
        "creps-afhq-dog-1024": Recipe(
            "creps:paper",
            "CREPS on AFHQ-Dog at 1024 x 1024, to go on with --from a run of FFHQ-512.",
            "creps-afhq-dog-1024",
            side=1024,
            images="AFHQ-Dog",
        ),
        "creps-small-consistent": Recipe(
            "creps:small",
            "creps-small whose pictures of half the size are pulled to what it was trained at.",
            "creps-small-consistent",
            side=32,
            minutes=80,
        ),
        "creps-small-thin": Recipe(
            "creps:small", "creps-small with lines of 4 slots instead of 8.", "creps-small-thin", side=32, minutes=57
        ),
        "creps-small-no-decoders": Recipe(
            "creps:small", "creps-small without decoders.", "creps-small-no-decoders", side=32, minutes=58
        ),
        "creps-small-per-pixel": Recipe(
            "creps:small", "creps-small without lines.", "creps-small-per-pixel", side=32, minutes=75
        ),
        "cips-small": Recipe(
            "creps:small",
            "CIPS of as many parameters: the scale-consistent baseline.",
            "cips-small",
            side=32,
            minutes=75,
        ),
        "stylegan2-small": Recipe(
            "creps:small",
            "StyleGAN2 of as many parameters: the convolutional baseline.",
            "stylegan2-small",
            side=32,
            minutes=67,
        ),
        "inr-gan-small": Recipe(
            "creps:small",
            "INR-GAN of as many parameters: of coordinates, and of one size.",
            "inr-gan-small",
            side=32,
            minutes=67,
        ),
        "scaleparty-small": Recipe(
            "creps:small",
            "ScaleParty of as many parameters: convolutions without padding, trained on windows.",
            "scaleparty-small",
            side=32,
            minutes=111,
        ),
        "creps-w": Recipe(
            "creps:wavelet",
            "creps-small as the sampler of wavelet codes, and a decoder: 128 x 128.",
            "creps-w",
            side=128,
            minutes=107,
        ),
        "stylegan2-w-small": Recipe(
            "creps:wavelet",
            "stylegan2-small as the sampler of wavelet codes, and a decoder.",
            "stylegan2-w-small",
            side=128,
            minutes=97,
        ),
    },
    "Noisy scale-space, and the methods it is compared with": {
        "dcgan-gan": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN, non-saturating loss, nothing else (NSS paper, table 4).",
            "gan",
            side=64,
            images="Flowers",
        ),
        "dcgan-gan-gr": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN with the gradient penalty R1 (table 4).",
            "gan-gr",
            side=64,
            images="Flowers",
        ),
        "dcgan-lsgan": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN with the least-squares loss (table 4).",
            "lsgan",
            side=64,
            images="Flowers",
        ),
        "dcgan-wgan-gp": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN with the Wasserstein loss and a gradient penalty (table 4).",
            "wgan-gp",
            side=64,
            images="Flowers",
        ),
        "dcgan-dragan": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN with DRAGAN's penalty near real images (table 4).",
            "dragan",
            side=64,
            images="Flowers",
        ),
        "dcgan-ss": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN with the scale-space: blur alone (table 4).",
            "ss",
            side=64,
            images="Flowers",
        ),
        "dcgan-ns": Recipe(
            "noisy_scale_space:dcgan", "DCGAN with annealed noise alone (table 4).", "ns", side=64, images="Flowers"
        ),
        "dcgan-nss": Recipe(
            "noisy_scale_space:dcgan",
            "DCGAN with the noisy scale-space, the paper's proposal (table 4).",
            "nss",
            side=64,
            images="Flowers",
        ),
        "sg2-ada-metfaces512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with ADA on MetFaces (table 5).",
            "sg2-ada-metfaces512",
            side=512,
            images="MetFaces",
        ),
        "sg2-ada-nss-metfaces512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with ADA and the noisy scale-space on MetFaces (table 5).",
            "sg2-ada-nss-metfaces512",
            side=512,
            images="MetFaces",
        ),
        "sg2-ada-ffhq512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with ADA on FFHQ (table 6).",
            "sg2-ada-ffhq512",
            side=512,
            images="FFHQ",
        ),
        "sg2-nss-ffhq512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with the noisy scale-space instead of ADA on FFHQ (table 6).",
            "sg2-nss-ffhq512",
            side=512,
            images="FFHQ",
        ),
        "sg2-noaug-ffhq512": Recipe(
            "stylegan2_noisy_scale_space:stylegan2",
            "StyleGAN2 with neither on FFHQ: the control that table 6 lacks.",
            "sg2-noaug-ffhq512",
            side=512,
            images="FFHQ",
        ),
    },
}
