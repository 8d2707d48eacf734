"""Every recipe, a row each.

The minutes are of short trials (`--dry-run`) on two cores of an AMD EPYC in November 2026, those of the first two rows
of whole trainings. With a decoder, both parts train at the same time.
"""

from frugan.recipes.recipe import Recipe
from frugan.recipes.table_creps import CREPS
from frugan.recipes.table_decoders import DECODERS
from frugan.recipes.table_noisy_scale_space import NOISY_SCALE_SPACE
from frugan.recipes.table_not_so_big_gan import SAMPLERS
from frugan.recipes.table_start import START

# By what a reader looks for, in the order of a listing.
GROUPS: dict[str, dict[str, Recipe]] = {
    "Start here": START,
    "not-so-big-GAN: a sampler of small codes, and a decoder": SAMPLERS,
    "not-so-big-GAN: decoders (train them with --part decoder)": DECODERS,
    "CREPS, and the generators it is compared with: pictures of any size": CREPS,
    "Noisy scale-space, and the methods it is compared with": NOISY_SCALE_SPACE,
}
