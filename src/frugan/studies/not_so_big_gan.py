"""Does a small space pay? Wavelet codes, blurred pixels and whole images; the paper quotes the best of five instances.

FID over the training is the page's plot; over truncations, as in figure 3 of the paper's first version, it is
`frugan sweep TRIAL`.
"""

from dataclasses import replace

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.pixel import PixelCodec
from frugan.config.schema import RunConfig
from frugan.config.spec import Spec
from frugan.config.yaml import override
from frugan.recipes import not_so_big_gan_samplers as recipes
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.recipes.published import NSB_SAMPLERS
from frugan.studies.definition import Row, Study

_QUESTION = "Does a generator of small codes beat one of whole images at equal cost?"
# Four rows of five seeds within an hour on two cores: DCGANs of 16 x 16 codes, and of the 64 x 64 images themselves.
_SMALL = [
    "data.resolution=64",
    "sampler.schedule.kimg=24",
    "sampler.schedule.log_every=1",
    "sampler.schedule.snapshots=4",
    "sampler.schedule.keep_checkpoints=1",
    "sampler.generator.width=32",
    "sampler.generator.refine=16",
    "sampler.discriminator.width=32",
]
# T falls with the square of the codes' side, for the same relative blur: 256 at 64 px in the NSS paper.
_CODES = [
    "sampler.stabilizer.start=16",
    "decoder.schedule.kimg=8",
    "decoder.schedule.snapshots=2",
    "decoder.crop=8",
]
_IMAGES = ["decoder=null", "sampler.stabilizer.start=256"]
_EQUAL_SECONDS_KIMG = 5


def paper() -> Study:
    """Table 1: ImageNet at 256 x 256; DATA is yours. All rows see as many images as a row of the paper."""
    names = {"wavelet codes": "nsb-gan-w", "blurred pixels": "nsb-gan-p", "end to end": "biggan-256"}
    rows = [Row(name, recipes.paper(recipe), NSB_SAMPLERS[recipe]) for name, recipe in names.items()]
    return Study("nsb", _QUESTION, tuple(rows), 5)


def small() -> Study:
    """64 x 64 on a CPU, on any DATA: equal images, and end to end for about as many seconds too."""
    wavelet = override(nsb_gan_w_dcgan(), [*_SMALL, *_CODES])
    pixel = _with_codec(wavelet, PixelCodec)
    whole = override(_with_codec(nsb_gan_w_dcgan(), IdentityCodec), [*_IMAGES, *_SMALL])
    rows = {
        "wavelet codes": wavelet,
        "blurred pixels": pixel,
        "end to end, equal images": whole,
        "end to end, equal seconds": override(whole, [f"sampler.schedule.kimg={_EQUAL_SECONDS_KIMG}"]),
    }
    return Study("nsb-small", _QUESTION, tuple(Row(name, config) for name, config in rows.items()), 5)


def _with_codec(config: RunConfig, codec: type) -> RunConfig:
    return replace(config, codec=Spec(codec) if codec is IdentityCodec else Spec(codec, levels=2))
