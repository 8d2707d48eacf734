"""The recipes of CREPS and of the generators of any size that it is compared with, a row each."""

from frugan.recipes.published import CREPS_TABLE_3, CREPS_TABLE_4, INR_GAN_TABLE
from frugan.recipes.recipe import Recipe

CREPS: dict[str, Recipe] = {
    "creps-ffhq-128": Recipe(
        "creps:paper",
        "CREPS on FFHQ at 128 x 128 (table 4).",
        "creps-ffhq-128",
        side=128,
        images="FFHQ",
        paper=CREPS_TABLE_4["creps-ffhq-128"],
    ),
    "creps-ffhq-128-bi-line": Recipe(
        "creps:paper",
        "Its lines composed once, at the end (table 4).",
        "creps-ffhq-128-bi-line",
        side=128,
        images="FFHQ",
        paper=CREPS_TABLE_4["creps-ffhq-128-bi-line"],
    ),
    "creps-ffhq-128-no-decoders": Recipe(
        "creps:paper",
        "Its lines composed at each level, without decoders (table 4).",
        "creps-ffhq-128-no-decoders",
        side=128,
        images="FFHQ",
        paper=CREPS_TABLE_4["creps-ffhq-128-no-decoders"],
    ),
    "creps-ffhq-128-thin": Recipe(
        "creps:paper",
        "Its lines of 4 slots instead of 8 (table 4).",
        "creps-ffhq-128-thin",
        side=128,
        images="FFHQ",
        paper=CREPS_TABLE_4["creps-ffhq-128-thin"],
    ),
    "creps-ffhq-128-nb": Recipe(
        "creps:paper", "CREPS-NB: neither lines nor decoders.", "creps-ffhq-128-nb", side=128, images="FFHQ"
    ),
    "creps-ffhq-512": Recipe(
        "creps:paper",
        "CREPS on FFHQ at 512 x 512 (table 3).",
        "creps-ffhq-512",
        side=512,
        images="FFHQ",
        paper=CREPS_TABLE_3["creps-ffhq-512"],
    ),
    "creps-ffhq-1024": Recipe(
        "creps:paper",
        "CREPS trained on FFHQ at 1024 x 1024; table 3's is creps-ffhq-512, rendered at 1024.",
        "creps-ffhq-1024",
        side=1024,
        images="FFHQ",
        paper=CREPS_TABLE_3["creps-ffhq-1024"],
    ),
    "creps-lsun-church": Recipe(
        "creps:paper",
        "CREPS on LSUN church at 256 x 256 (table 3).",
        "creps-lsun-church",
        side=256,
        images="LSUN church",
        paper=CREPS_TABLE_3["creps-lsun-church"],
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
    "cips-ffhq-256": Recipe(
        "any_size_baselines:paper",
        "CIPS on FFHQ at 256 x 256.",
        "cips-ffhq-256",
        side=256,
        images="FFHQ",
        paper=INR_GAN_TABLE["cips-ffhq-256"],
    ),
    "inr-gan-ffhq-256": Recipe(
        "any_size_baselines:paper",
        "INR-GAN on FFHQ at 256 x 256.",
        "inr-gan-ffhq-256",
        side=256,
        images="FFHQ",
        paper=INR_GAN_TABLE["inr-gan-ffhq-256"],
    ),
    "scaleparty-ffhq-256": Recipe(
        "any_size_baselines:paper",
        "ScaleParty on FFHQ, on windows of 256 x 256.",
        "scaleparty-ffhq-256",
        side=256,
        images="FFHQ",
        paper=CREPS_TABLE_3["scaleparty-ffhq-256"],
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
    "creps-small-bi-line": Recipe(
        "creps:small",
        "creps-small whose lines are composed once, at the end.",
        "creps-small-bi-line",
        side=32,
        minutes=50,
    ),
    "creps-small-per-pixel": Recipe(
        "creps:small", "creps-small without lines.", "creps-small-per-pixel", side=32, minutes=75
    ),
    "creps-small-nb": Recipe(
        "creps:small", "creps-small without lines and decoders (CREPS-NB).", "creps-small-nb", side=32, minutes=70
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
    "stylegan3-small": Recipe(
        "anyres:small",
        "StyleGAN3-T, narrow: details move with what they belong to.",
        "stylegan3-small",
        side=32,
        minutes=80,
    ),
    "anyres-small": Recipe(
        "anyres:small",
        "AnyresGAN, narrow: StyleGAN3-T, then patches of photos of up to 128 x 128.",
        "anyres-small",
        side=32,
        minutes=120,
    ),
    "stylegan3-t-256": Recipe(
        "anyres:paper", "StyleGAN3-T on FFHQ at 256 x 256.", "stylegan3-t-256", side=256, images="FFHQ"
    ),
    "anyres-ffhq": Recipe(
        "anyres:paper",
        "AnyresGAN on FFHQ: patches of 256 x 256 from photos of up to 1024 x 1024.",
        "anyres-ffhq",
        side=256,
        images="FFHQ",
        paper=CREPS_TABLE_3["anyres-ffhq"],
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
}
