"""What a run is made of, as plain frozen dataclasses.

The core knows nothing of YAML, flags or validation libraries: `config/yaml.py` reads those at the edge. Every default
cites its source; recipes override them. Durations count images shown to the network that trains, in units of 1,000
(kimg).
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from frugan.config.shape import Bits, ImageShape, whole_range
from frugan.config.spec import Spec
from frugan.system.errors import UserError

PartName = Literal["sampler", "decoder"]
Features = Literal["efficientnet-lite0", "inception", "random"]
PenaltyPoint = Literal["auto", "image", "shown"]
Fit = Literal["crop", "stretch", "pad", "aspect-buckets"]


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are brought to one shape."""

    source: str = "noto-people"  # a folder, a zip, a torchvision data set, or the embedded drawings
    resolution: int | tuple[int, int] = 128  # of finished images: a side, or height and width
    channels: int = 3  # 1 = grey, 3 = RGB, 4 = RGBA, else bands; RGB as StyleGAN2
    bits: Bits = 8  # a channel: 8, 16, or 32 for floating point numbers; 8 as nearly all files
    value_range: tuple[float, float] | None = None  # become -1 and 1; None = all of 8 or 16 bits, the data's of 32
    fit: Fit = "crop"  # of images of another shape; crop to the middle as StyleGAN2's data set tool
    mirror: bool = True  # random left-right flips; the same default as StyleGAN2-ADA's --mirror for small sets
    upsample: bool = False  # take images smaller than the resolution (blurry) instead of leaving them out
    # Part of the images that nothing trains on, for judging. None: by their number, when a run begins (data/hold_out).
    hold_out: float | None = 0.0  # none: what the papers' GANs do, and the runs of before
    lanes: int = 8  # shards read side by side, where images lie in shards: one for each GPU of a usual machine
    classes: bool = False  # tell the networks which class an image is of: its first-level folder
    clusters: int = 0  # or which of so many clusters of like images; 0 = none, as the three papers

    def __post_init__(self) -> None:
        for side in self.shape.size:
            _require(side >= 1, "resolution", side, "at least 1")
        _require(1 <= self.channels <= 64, "channels", self.channels, "from 1 to 64")
        held = self.hold_out or 0.0
        _require(0 <= held < 1, "hold_out", held, "in [0, 1)")
        _require(self.lanes >= 1, "lanes", self.lanes, "at least 1")
        _require(self.clusters == 0 or self.clusters >= 2, "clusters", self.clusters, "at least 2, or 0 for none")
        _require(not (self.classes and self.clusters), "clusters", self.clusters, "0 where there are classes")
        _require(self.fit != "aspect-buckets" or self.bits == 8, "bits", self.bits, "8 where fit is aspect-buckets")
        if self.value_range is not None:
            _require(self.value_range[0] < self.value_range[1], "value_range", self.value_range[0], "below its end")
            _require(self.bits > 8, "bits", self.bits, "16 or 32 where there is a value_range")
            if (self.channels, self.bits) == (4, 16) and tuple(self.value_range) != whole_range(self.bits):
                # Colours are stored multiplied by their opacity: one range for both keeps that product's meaning.
                raise UserError("value_range: opacity has all 16 bits, up to 65535. Leave it out, or use channels=3")

    @property
    def tells_classes(self) -> bool:
        """Whether networks are told classes, of one kind or the other."""
        return self.classes or self.clusters > 0

    @property
    def shape(self) -> ImageShape:
        """Of the images that come out of the decoder."""
        height, width = (self.resolution,) * 2 if isinstance(self.resolution, int) else self.resolution
        return ImageShape(self.channels, height, width)


@dataclass(frozen=True)
class OptimizerConfig:
    """Adam, and what becomes of its rate: constant, linear to zero at the end, halved, or a cosine with restarts.

    Fractions are of the training, or of its phase where it has two.
    """

    lr: float = 2e-4  # DCGAN (Radford et al. 2016)
    beta1: float = 0.0  # no momentum: StyleGAN2, R3GAN; the quick start's sweeps agree
    beta2: float = 0.99  # StyleGAN2
    eps: float = 1e-8  # Adam (Kingma & Ba 2015)
    decay: float = 0.0  # the last part of training over which the rate falls to zero; 0 = constant (DCGAN)
    halved_at: tuple[float, ...] = ()
    cosine: float = 0.0  # the fraction in which a cosine falls to zero, then restarts; 0 = constant (DCGAN)
    # With penalties every k steps (the shortest interval), the rate is lr k/(k+1), and betas are taken to that power.
    lazy: bool = False  # StyleGAN2, appendix B, whose recipes and CREPS's set it

    def __post_init__(self) -> None:
        _require(self.lr > 0, "lr", self.lr, "above 0")
        _require(0 <= self.beta1 < 1, "beta1", self.beta1, "in [0, 1)")
        _require(0 <= self.beta2 < 1, "beta2", self.beta2, "in [0, 1)")
        _require(0 <= self.decay <= 1, "decay", self.decay, "in [0, 1]")
        _require(0 <= self.cosine <= 1, "cosine", self.cosine, "in [0, 1]")
        for fraction in self.halved_at:
            _require(0 < fraction < 1, "halved_at", fraction, "in (0, 1)")


@dataclass(frozen=True)
class PenaltyConfig:
    """One term added to a network's loss, every few steps (lazy regularisation: StyleGAN2, appendix B)."""

    penalty: Spec
    weight: float
    every: int = 1  # with every = k the weight is multiplied by k, so that its mean strength stays the same
    # Where D's gradient is taken: at the image before the stabilizer, or at what D is shown after it.
    at: PenaltyPoint = "auto"  # image for augmentations (StyleGAN2-ADA); shown for blurs, which would erase it

    def __post_init__(self) -> None:
        _require(self.every >= 1, "every", self.every, "at least 1")
        if self.at not in get_args(PenaltyPoint):
            raise UserError(f"at: {self.at} should be auto, image or shown")


@dataclass(frozen=True)
class ScheduleConfig:
    """How long a part trains and how often it writes, in kimg."""

    kimg: float
    batch: int
    accumulate: int = 1  # micro-batches a step, to save memory; batch norm and the half-batch rule act in each
    log_every: float = 0.5  # a line of train.jsonl; the progress line moves as often
    snapshots: int = 8  # snapshots (weights, pictures, metric) spread over the run
    keep_checkpoints: int = 2  # full training states kept for `resume`; snapshots of weights are all kept
    ema_halflife: float = 10.0  # kimg: in images, so that it survives a change of batch (StyleGAN2-ADA); 0 = no average
    ema_rampup: float = 0.05  # the half-life never exceeds this fraction of what was seen (StyleGAN2-ADA: .05)
    bf16: bool = False  # autocast; slower than fp32 on CPUs without bf16 units, so never chosen by itself

    @property
    def total_nimg(self) -> int:
        """Images shown in a whole training run: kimg, rounded up to whole batches."""
        return max(1, -(-round(self.kimg * 1000) // self.batch)) * self.batch

    def __post_init__(self) -> None:
        _require(0 < self.kimg < 1e9, "kimg", self.kimg, "above 0")
        _require(self.batch >= 1, "batch", self.batch, "at least 1")
        _require(self.accumulate >= 1, "accumulate", self.accumulate, "at least 1")
        _require(self.batch % self.accumulate == 0, "accumulate", self.accumulate, f"a divisor of batch, {self.batch}")
        _require(self.log_every > 0, "log_every", self.log_every, "above 0")
        _require(self.snapshots >= 1, "snapshots", self.snapshots, "at least 1")
        _require(self.keep_checkpoints >= 1, "keep_checkpoints", self.keep_checkpoints, "at least 1")
        _require(self.ema_halflife >= 0, "ema_halflife", self.ema_halflife, "0 or more")


@dataclass(frozen=True)
class PatchConfig:
    """A second phase of a sampler's training, on patches of photos that are larger than what it draws: AnyresGAN.

    It begins with the averaged generator of the first phase, which is kept as a teacher: patches, reduced to their
    place in the teacher's picture, should look like it.
    """

    largest: int  # side up to which photos keep their own pixels; larger ones are reduced to it
    start: float = 0.5  # share of the training that the first phase takes, on whole pictures alone; ours
    whole: float = 0.5  # share of its steps that look at whole pictures (AnyresGAN's base_probability)
    weight: float = 5.0  # of the differences from the teacher (AnyresGAN's lambda)
    perceptual: Spec | None = None  # an image loss beside the mean absolute difference; AnyresGAN's is LPIPS

    def __post_init__(self) -> None:
        _require(self.largest >= 1, "largest", self.largest, "at least 1")
        _require(0 <= self.start < 1, "start", self.start, "in [0, 1)")
        _require(0 <= self.whole < 1, "whole", self.whole, "in [0, 1)")
        _require(self.weight >= 0, "weight", self.weight, "0 or more")


@dataclass(frozen=True)
class SamplerConfig:
    """A GAN that learns codes."""

    generator: Spec
    discriminator: Spec
    stabilizer: Spec
    loss: Spec
    schedule: ScheduleConfig
    penalties: tuple[PenaltyConfig, ...] = ()  # on the discriminator
    generator_penalties: tuple[PenaltyConfig, ...] = ()  # of whole pictures
    smallest_window: float = 1.0  # train on random windows of this to 1 times the picture's sides; 1 = whole pictures
    patches: PatchConfig | None = None  # a second phase on patches of larger photos; None = whole pictures alone
    initial: str = ""  # a safetensors file, relative to the run folder, with what the networks begin with; "" = nothing
    generator_optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    discriminator_optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    def __post_init__(self) -> None:
        _require(0 < self.smallest_window <= 1, "smallest_window", self.smallest_window, "above 0, at most 1")
        if self.patches is not None:
            _require(self.smallest_window == 1, "smallest_window", self.smallest_window, "1 where there are patches")


@dataclass(frozen=True)
class AdversaryConfig:
    """A second phase of a decoder's training, against a discriminator of images: ESRGAN."""

    discriminator: Spec
    loss: Spec
    image_loss: Spec  # instead of the first phase's
    start_kimg: float  # how long the first phase lasts
    weight: float = 5e-3  # of the adversarial loss (ESRGAN)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    def __post_init__(self) -> None:
        _require(self.start_kimg >= 0, "start_kimg", self.start_kimg, "0 or more")


@dataclass(frozen=True)
class DecoderConfig:
    """A network that brings codes back to full size."""

    network: Spec
    loss: Spec
    schedule: ScheduleConfig
    code_noise: float = 0.0  # std of noise on the codes it trains on, so that it forgives a sampler's small errors;
    # from 0 to this in each image for a network that is told (told_noise)
    assumed_noise: float = 0.0  # what a network that is told the noise of its code is told of the sampler's
    crop: int = 0  # side of the random crops of the code it trains on, at most its shorter side; 0 = whole codes
    rotate: bool = False  # train on quarter turns too, so on all 8 orientations, as ESRGAN does: for small data sets
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    adversary: AdversaryConfig | None = None

    def __post_init__(self) -> None:
        if self.adversary is not None:
            start, end = self.adversary.start_kimg, self.schedule.kimg
            _require(start < end, "adversary.start_kimg", start, f"below schedule.kimg, {end:g}")


@dataclass(frozen=True)
class EvaluationConfig:
    """How pictures are judged: in passing at each snapshot, and thoroughly by `frugan evaluate`."""

    features: Features = "efficientnet-lite0"  # works offline; "inception" gives FID; "random" is untrained
    samples: int = 2048  # below this Frechet distances are dominated by bias (TTUR#4); the report then warns
    preview_samples: int = 512  # at each snapshot, on codes decoded without a decoder
    preview_size: int = 64  # side in pixels at which previews are judged: a trend, not a result

    def __post_init__(self) -> None:
        _require(self.samples >= 4, "samples", self.samples, "at least 4")
        _require(self.preview_samples >= 2, "preview_samples", self.preview_samples, "at least 2")


@dataclass(frozen=True)
class RunConfig:
    """Everything that a run folder's `config.yaml` holds."""

    recipe: str
    data: DataConfig
    codec: Spec
    sampler: SamplerConfig
    decoder: DecoderConfig | None = None
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    seed: int = 0
    device: str = "auto"  # cuda if there is one, else mps, else cpu
    threads: int = 0  # CPU threads of each part; 0 = the machine's cores shared between the parts
    synchronised_batch_norm: bool = True  # over all processes of torchrun, as if they were one; False: each by itself
    minutes: float = 0.0  # shorten the parts to fit this time on a slow machine, after a probe; 0 = never
    watts: float = 0.0  # what the device takes while training, for reports, where it cannot be measured; 0 = unknown
    schema_version: int = 1

    def __post_init__(self) -> None:
        _require(0 <= self.seed < 2**32, "seed", self.seed, "from 0 to 2^32 - 1")
        _require(self.threads >= 0, "threads", self.threads, "0 or more")
        _require(self.watts >= 0, "watts", self.watts, "0 or more")

    def parts(self) -> "dict[PartName, SamplerConfig | DecoderConfig]":
        """What this run trains, by name."""
        return {"sampler": self.sampler, "decoder": self.decoder} if self.decoder else {"sampler": self.sampler}


def _require(holds: bool, field_name: str, value: float, allowed: str) -> None:
    if not holds:
        raise UserError(f"{field_name}: {value:g} should be {allowed}")
