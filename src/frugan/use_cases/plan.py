"""What to train, as a person says it: where the configuration begins, and what differs from it. Without torch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from frugan.config.schema import Fit, RunConfig
from frugan.config.shape import Bits
from frugan.config.yaml import override, parse
from frugan.data.shard_place import as_in_shards
from frugan.data.source import with_source
from frugan.recipes import check_recipe, find_recipe
from frugan.runs.folder import RunFolder, is_model
from frugan.system.bounds import CONFIGURATION
from frugan.system.errors import ArgumentError
from frugan.system.foreign_files import read_text

DEFAULT_RECIPE = "nsb-gan-w-dcgan"
PartChoice = Literal["sampler", "decoder", "all"]
# Files and runs say what they hold out. A recipe stands for images of any number.
_HOLD_OUT_BY_NUMBER = "data.hold_out=null"


@dataclass(frozen=True)
class Plan:
    """A training to be. What is left out stays as the recipe, the file or the run says.

    Args:
        data: Images: a folder, a zip, shards, a data set by name, "hf:NAME", or "noto-people", the embedded drawings.
        recipe: Name of the recipe to begin with; nsb-gan-w-dcgan, or the configuration of `start`, if left out.
        start: Run or model folder whose trained sampler this one begins with, on other images or, for CREPS, at another
            size. A model, such as an imported one, needs a `recipe`.
        config: YAML file whose configuration replaces the recipe's.
        resolution: Size of the images, in pixels: a side, or height and width. Of shards, theirs if left out; so are
            `channels` and `bits`.
        channels: Channels of the images: 1 (grey), 3 (RGB), 4 (RGBA), or a number of bands.
        bits: Bits of a channel: 8, 16, or 32 for floating point numbers.
        white: Largest value of images of 16 bits, such as 4095 for 12 bits; all 16 bits if left out.
        fit: How images of another shape are brought to the size: "crop", "stretch", "pad" or "aspect-buckets".
        kimg: Length of the training, in thousands of images shown: the sampler's, or the decoder's with part "decoder".
        minutes: Length of the training, in minutes on this machine: both parts are fitted to it after a short trial.
            The evaluation comes on top.
        batch: Images of one step: the sampler's, or the decoder's with part "decoder".
        seed: Random seed. The same seed gives the same run.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        mirror: Whether mirrored images are shown too.
        upsample: Take images smaller than the resolution too, enlarged.
        hold_out: Part of the images that nothing trains on, such as 0.1: decoders are judged on it. Of a recipe, 0.1 is
            held out of 2,000 images or more, and of 100 or more where a decoder trains alone.
        classes: Tell the networks the class of each image.
        clusters: Or which of so many clusters of like images it belongs to; the recipe's if left out, 0 for none.
        settings: Any setting, as "path.to.field=value".
        part: What to train now: "sampler", "decoder" or "all".

    Raises:
        ArgumentError: no recipe, file or run of that name.
    """

    data: str = ""
    recipe: str = ""
    start: Path | None = None
    config: Path | None = None
    resolution: int | tuple[int, int] | None = None
    channels: int | None = None
    bits: Bits | None = None
    white: int | None = None
    fit: Fit | None = None
    kimg: float | None = None
    minutes: float | None = None
    batch: int | None = None
    seed: int | None = None
    device: str | None = None
    mirror: bool | None = None
    upsample: bool = False
    hold_out: float | None = None
    classes: bool = False
    clusters: int | None = None
    settings: Sequence[str] = ()
    part: PartChoice = "all"

    def __post_init__(self) -> None:
        if self.recipe:
            check_recipe(self.recipe)
        if self.config is not None and self.recipe:
            raise ArgumentError("config", "replaces the `recipe`. Give one of them.", self.config)
        if self.config is not None and not Path(self.config).is_file():
            raise ArgumentError("config", "no such file", self.config)
        if self.start is not None and not is_model(Path(self.start)):
            RunFolder.open(Path(self.start))
        elif self.start is not None and not self.recipe:
            raise ArgumentError("recipe", f"{self.start} is a model, without settings of a training. Name a recipe")
        if self.minutes is not None and self.kimg is not None:
            raise ArgumentError("minutes", "`kimg` sets the length, too. Give one of them.")
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise ArgumentError("minutes", "must be above 0", f"{self.minutes:g}")
        if self.white is not None and not 1 <= self.white <= 65535:
            raise ArgumentError("white", "the largest value of 16 bits is from 1 to 65535", self.white)
        if self.channels == 4 and self.white not in (None, 65535):
            raise ArgumentError("white", "opacity has all 16 bits. Leave it out, or set `channels` to rgb", self.white)

    def configuration(self) -> RunConfig:
        """All of it as a configuration, before anything is known of the images.

        Raises:
            UserError: a setting that there is not, or a value of the wrong kind; no images.
        """
        return self._configured(lambda config: config)

    def on_images(self) -> RunConfig:
        """As `configuration`, once images in shards were asked for what is left out of size, channels and bits.

        Raises:
            UserError: as there; or shards that cannot be read.
        """
        return self._configured(as_in_shards)

    def _configured(self, on_images: Callable[[RunConfig], RunConfig]) -> RunConfig:
        config = self._applied(on_images(self._with_data(self._begun())))
        if self.start is not None:
            from frugan.runs.transfer import continued

            config = continued(Path(self.start), config)
        return override(config, self.settings)

    def _begun(self) -> RunConfig:
        """A recipe, at the size of the run to start from if there is one; or that run's own; or a file's."""
        if self.config is not None:
            path = Path(self.config)
            config = parse(read_text(path, CONFIGURATION), str(path))
            if config.sampler.initial:  # a file of that run's folder
                raise ArgumentError(
                    "config", "began with the weights of another run. Give that run as `start`, or another file.", path
                )
            return config
        if self.start is None:
            return override(find_recipe(self.recipe or DEFAULT_RECIPE), [_HOLD_OUT_BY_NUMBER])
        from frugan.runs.transfer import begun_with

        start = Path(self.start)
        if self.recipe:
            before = begun_with(start)
            (channels, *size), pixels = before.shape, before.pixels
            given = [f"data.resolution={size}", f"data.channels={channels}", f"data.bits={pixels.bits}"]
            given += [] if pixels.is_plain else [f"data.value_range=[{pixels.low!r}, {pixels.high!r}]"]
            return override(find_recipe(self.recipe), [*given, _HOLD_OUT_BY_NUMBER])
        return override(RunFolder.open(start).config(), ["minutes=0", "threads=0", "device=auto"])

    def _with_data(self, config: RunConfig) -> RunConfig:
        if self.data:
            return with_source(config, self.data)
        if not config.data.source:
            raise ArgumentError("data", f"recipe {config.recipe} needs DATA: a folder, a zip, or a data set's name")
        return config

    def _applied(self, config: RunConfig) -> RunConfig:
        scheduled = "decoder" if self.part == "decoder" else "sampler"
        chosen = {
            "data.resolution": self.resolution if isinstance(self.resolution, int | None) else list(self.resolution),
            "data.channels": self.channels,
            "data.bits": 16 if self.white is not None and self.bits is None else self.bits,
            "data.value_range": None if self.white is None else [0, self.white],
            "data.fit": self.fit,
            f"{scheduled}.schedule.kimg": self.kimg,
            "minutes": self.minutes if self.kimg is None else 0,
            f"{scheduled}.schedule.batch": self.batch,
            "seed": self.seed,
            "device": self.device,
            "data.mirror": self.mirror,
            "data.upsample": self.upsample or None,
            "data.hold_out": self.hold_out,
            "data.clusters": 0 if self.classes and self.clusters is None else self.clusters,
            "data.classes": self.classes or None,
        }
        return override(config, [f"{path}={value}" for path, value in chosen.items() if value is not None])
