"""The recipes to begin with, a row each."""

from frugan.recipes.recipe import Recipe

START: dict[str, Recipe] = {
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
}
