"""From seeds to pictures: `seed -> z -> generator -> code -> codec.decode -> image`, in any batch the same."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from frugan.codecs.base import Codec
from frugan.config.shape import PLAIN, ImageShape, PixelFormat
from frugan.model.seeds import draw_styles, seed_aspects, seed_labels
from frugan.networks.base import Autoencoder, Decoder, Generator
from frugan.ops.grid import Grid, stretched_grid
from frugan.requests.drawing import Drawing
from frugan.system.errors import ArgumentError, did_you_mean


@dataclass(frozen=True)
class Enlargement:
    """Brings finished pictures to another size: a codec reduces them, a decoder enlarges what is left.

    The pretrained route of not-so-big-GAN (tables 2 and 5): its Pretrained-128-64 halves pictures of 128 px once, and
    decodes them to 256.

    Attributes:
        halvings: how often pictures are halved first; 0 to decode them as they are.
    """

    codec: Codec
    decoder: Decoder
    halvings: int

    def __call__(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> the same, both sides times 2^(the codec's levels - halvings)."""
        low = self.codec.from_low(self.codec.halved(images, self.halvings))
        size = [side * self.codec.factor for side in low.shape[2:]]
        return self.codec.decode(low, self.decoder, size=size)

    def shape(self, shape: ImageShape) -> ImageShape:
        """Of what becomes of pictures of that shape."""
        height, width = (-(-side // 2**self.halvings) * self.codec.factor for side in shape.size)
        return ImageShape(shape.channels, height, width)


@dataclass
class Model:
    """All that turns seeds into images: what a model folder holds.

    Attributes:
        decoder: None until one is trained; images are then interpolated from their codes.
        shape: of the images.
        pixels: what -1 and 1 stand for in files.
        info: provenance (recipe, data, seed ...), as written to the model card.
        class_counts: how many training images each class had, in the order of the labels; empty if unconditional.
        aspect_counts: how many were stretched from each width over height; empty if they are not of several shapes.
        assumed_noise: how far the sampler's codes are off those of real images, for decoders that are told.
        most_noise: the most that the decoder was trained on.
        enlargement: what becomes of finished pictures, if anything; `shape` is then that of its results.
    """

    generator: Generator
    codec: Codec
    decoder: nn.Module | None
    shape: ImageShape
    info: Mapping[str, object] = field(default_factory=dict)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    assumed_noise: float = 0.0
    most_noise: float = 0.0
    enlargement: Enlargement | None = None
    class_counts: Mapping[str, int] = field(default_factory=dict)
    pixels: PixelFormat = PLAIN
    aspect_counts: Mapping[float, int] = field(default_factory=dict)

    def to(self, device: torch.device | str) -> "Model":
        """Move all networks; returns self."""
        self.device = torch.device(device)
        self.codec.to(self.device)
        if self.enlargement is not None:
            self.enlargement.codec.to(self.device)
        last = None if self.enlargement is None else self.enlargement.decoder
        for network in (self.generator, self.decoder, last):
            if network is not None:
                # Channels-last convolutions are about twice as fast here, on CPUs and on tensor cores.
                network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def assuming(self, noise: float | None) -> "Model":
        """Change `assumed_noise`, unless None; returns self.

        Raises:
            UserError: the decoder is not one that is told, or never saw so much.
        """
        if noise is None:
            return self
        if not isinstance(self.decoder, Decoder) or not self.decoder.told_noise:
            raise ArgumentError("code_noise", "this model's decoder takes no noise level (told_noise=false). Omit it")
        if not 0 <= noise <= self.most_noise:
            raise ArgumentError(
                "code_noise", f"must be from 0 to {self.most_noise:g}, as in the decoder's training", noise
            )
        self.assumed_noise = noise
        return self

    def enlarged_by(self, codec: Codec, decoder: Decoder, halvings: int) -> "Model":
        """Let another model's codec and decoder finish the pictures; returns self.

        Raises:
            ArgumentError: they cannot be halved so often, or decoded; another decoder finishes them already.
        """
        if self.enlargement is not None:
            raise ArgumentError("decoder", "this model enlarges its pictures already. Load it again first.")
        if isinstance(decoder, Autoencoder):
            name = type(decoder).__name__
            raise ArgumentError("decoder", f"{name} is an autoencoder, which cannot enlarge pictures. Choose another")
        self.enlargement = enlargement = Enlargement(codec, decoder, halvings)
        self.to(self.device)
        try:
            enlargement(torch.zeros(1, *self.shape, device=self.device))
        except (ValueError, RuntimeError) as error:
            self.enlargement = None
            problem = f"cannot enlarge images of {self.shape}, halved {halvings} times: {error}"
            raise ArgumentError("decoder", problem) from error
        self.shape = enlargement.shape(self.shape)
        return self

    def fingerprint(self) -> str:
        """Equal for models that draw the same pictures: a hash of weights and codec."""
        last = self.enlargement
        codec = (self.codec.description, self.codec.centre, self.codec.half_range, self.codec.cut)
        rest = (codec, self.assumed_noise, last and (last.codec.description, last.halvings))
        found = hashlib.sha256(repr(rest).encode())
        for network in (self.generator, self.decoder, last.decoder if last else None):
            for name, value in sorted(network.state_dict().items()) if network is not None else ():
                found.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:32]

    @property
    def class_names(self) -> list[str]:
        """In the order of their labels; numbers where they have no names; none for models without classes."""
        return list(self.class_counts) or [str(label) for label in range(self.generator.classes)]

    def class_label(self, name: str) -> int:
        """The label of a class, by its name or its number.

        Raises:
            ArgumentError: there is no such class, or no classes at all.
            TypeError: not text.
        """
        if not isinstance(name, str):
            raise TypeError(f"class_label: expected the name or number of a class as text, got {name!r}")
        names = self.class_names
        if not names:
            raise ArgumentError("label", "this model is not class-conditional", name)
        if name in names:
            return names.index(name)
        are_numbers = any(known.isdigit() for known in names)  # 1 then means the class of that name alone
        if name.isdigit() and int(name) < len(names) and not are_numbers:
            return int(name)
        raise ArgumentError("label", f"no such class{did_you_mean(name, names)}", name)

    def label_of(self, drawing: Drawing) -> int | None:
        """The class of a drawing, checked; None where each seed draws one.

        Raises:
            ArgumentError: there is no such class, or no classes at all.
        """
        if isinstance(drawing.label, str):
            return self.class_label(drawing.label)
        return self._checked_label(drawing.label)

    def _checked_label(self, label: int | None) -> int | None:
        """
        Raises:
            ArgumentError: there is no class of that number, or no classes at all.
        """
        if label is not None and not 0 <= label < self.generator.classes:
            known = f"from 0 to {self.generator.classes - 1}" if self.generator.classes else "None: it has no classes"
            raise ArgumentError("label", f"the classes of this model are {known}", label)
        return label

    def labels(self, seeds: Sequence[int]) -> Tensor:
        """The class (N,) that each seed draws where none is asked for; 0 for models without classes."""
        return seed_labels(seeds, list(self.class_counts.values()), self.generator.classes)

    def sample(self, seeds: Sequence[int], truncation: float = 1.0, label: int | None = None) -> Tensor:
        """Images for these seeds.

        Args:
            seeds: one picture each; any ints from 0 to 2^32 - 1.
            truncation: below 1, more typical and less varied.
            label: class to draw, for class-conditional generators; if None, each seed draws one, as often as in the
                training images.

        Returns:
            (N, C, H, W), float32 in [-1, 1], on the CPU.

        Raises:
            ArgumentError: a seed or class that there is not.
            TypeError: `seeds` is one int, or text.
        """
        return torch.cat(list(self.batches(seeds, truncation, label)))

    @torch.no_grad()
    def batches(
        self,
        seeds: Sequence[int],
        truncation: float = 1.0,
        label: int | None = None,
        batch: int = 16,
        as_trained: bool = False,
    ) -> Iterator[Tensor]:
        """The same images in pieces, for more of them than fit in memory.

        Pieces are padded to one size inside, so that how many pictures are asked for at once never changes any of them.
        `as_trained`: where training images of several shapes were stretched to one, each seed draws one of these
        shapes, stretched.
        """
        Drawing(seeds, truncation)  # raises what is wrong with them
        self._checked_label(label)
        for first in range(0, len(seeds), batch):
            wanted = list(seeds[first : first + batch])
            padded = wanted + wanted[-1:] * (batch - len(wanted))
            images = self.decode(self.codes(padded, truncation, label, as_trained), noise=self.assumed_noise)
            yield images[: len(wanted)]

    @torch.no_grad()
    def pictures_of(self, styles: Tensor, batch: int = 16) -> Iterator[Tensor]:
        """Images of styles (N, ...) in pieces, each padded to one size inside."""
        for piece in styles.split(batch):
            padded = torch.cat([piece, piece[-1:].expand(batch - len(piece), *piece.shape[1:])])
            yield self.decode(self.generator.synthesis(padded), noise=self.assumed_noise)[: len(piece)]

    def styles(self, seeds: Sequence[int], truncation: float = 1.0, label: int | None = None) -> Tensor:
        """What the sampler draws its codes from: w, in whatever shape it takes."""
        return draw_styles(self.generator, seeds, list(self.class_counts.values()), truncation, label)

    @torch.no_grad()
    def codes(
        self, seeds: Sequence[int], truncation: float = 1.0, label: int | None = None, as_trained: bool = False
    ) -> Tensor:
        """What the sampler itself draws, (N, C, s, s), nominally in [-1, 1]; `as_trained` as in `batches`."""
        styles = self.styles(seeds, truncation, label)
        if not (as_trained and self.aspect_counts):
            return self.generator.synthesis(styles)
        aspects, size = seed_aspects(seeds, self.aspect_counts), self.generator.code_shape[1:]
        codes = styles.new_empty(len(seeds), *self.generator.code_shape)
        for aspect in aspects.unique().tolist():
            grid = Grid(*(axis.to(self.device) for axis in stretched_grid(*size, aspect)))
            codes[aspects == aspect] = self.generator.synthesis(styles[aspects == aspect], grid)
        return codes

    @torch.no_grad()
    def decode(self, codes: Tensor, *, noise: float) -> Tensor:
        """Codes -> images in [-1, 1], on the CPU.

        `noise` is what a decoder that is told takes them to have: 0 for codes of real images, `assumed_noise` for the
        sampler's.
        """
        images = self.codec.decode(codes, self.decoder, noise).clamp(-1, 1)
        if self.enlargement is not None:
            images = self.enlargement(images).clamp(-1, 1)
        return images.float().cpu()

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Real images (N, C, H, W) -> what codec and decoder make of them, and what the codec alone; on the CPU."""
        last = self.enlargement
        codec, decoder = (last.codec, last.decoder) if last else (self.codec, self.decoder)
        codes = codec.encode(images.to(self.device))
        size = images.shape[2:]
        decoded, base = codec.decode(codes, decoder, size=size), codec.decode(codes, size=size)
        return decoded.clamp(-1, 1).float().cpu(), base.clamp(-1, 1).float().cpu()
