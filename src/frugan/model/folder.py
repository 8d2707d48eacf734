"""Model folders: `config.json` + safetensors + `README.md`. Nothing is unpickled, nothing foreign is built."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from frugan.codecs.base import Codec
from frugan.codecs.pixel import PixelCodec
from frugan.config.records import entry_of
from frugan.config.shape import PLAIN, ImageShape, PixelFormat, resolution_entry, size_of
from frugan.config.spec import Spec
from frugan.model.hub import origin_of
from frugan.model.model import Model
from frugan.model.place import model_place
from frugan.model.weights import load_rrdb, load_weights
from frugan.networks.base import Autoencoder, Decoder, Generator, colours_of
from frugan.system.atomic import write_file
from frugan.system.bounds import MODEL_DESCRIPTION
from frugan.system.device import choose_device
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_text
from frugan.system.jsonl import JSON

FORMAT = "frugan-model/1"
CONFIG_FILE, GENERATOR_FILE, DECODER_FILE = "config.json", "generator.safetensors", "decoder.safetensors"


def load(path: str | Path, device: str = "cpu") -> Model:
    """Load a model from its folder or from the run that trained it, on any machine.

    Args:
        path: A run folder or a model folder; the name of a model inside the package, "noto-people" or
            "noto-people-any"; or a model on the Hugging Face hub, "hf://user/name" or "hf://user/name@revision".
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        ArgumentError: a device that is not here.
        UserError: nothing there, no generator yet, a foreign or damaged file, or a class that is not frugan's and of no
            package that `allow_package` let in.
    """
    chosen, folder = choose_device(device), model_folder(Path(path))
    description = ModelDescription.read(folder)
    codec, generator = description.build_codec(), description.build_generator()
    decoder: nn.Module | None = description.build_decoder() if description.decoder else None
    refuse_autoencoder(decoder, folder)
    if not (folder / GENERATOR_FILE).exists() and (folder / DECODER_FILE).exists():
        train = "Train it with `frugan resume`, or use" if folder != Path(path) else "Use"
        raise UserError(
            f"{folder}: it has no trained sampler. {train} the decoder alone: `frugan upscale`, or `frugan sample "
            "OTHER_MODEL --decoder` with this folder."
        )
    load_weights(generator, folder / GENERATOR_FILE)
    if decoder is not None and not (folder / DECODER_FILE).exists():
        decoder = None  # its training has not reached a first snapshot; images are interpolated until then
    if decoder is not None:
        load_weights(decoder, folder / DECODER_FILE)
    for module in (generator, codec, decoder):
        if module is not None:
            module.eval().requires_grad_(False)
    model = Model(
        generator,
        codec,
        decoder,
        description.shape,
        {**description.info, **origin_of(path, folder)},
        assumed_noise=description.assumed_noise,
        most_noise=description.most_noise,
        class_counts=description.class_counts() if generator.classes else {},
        pixels=description.pixels,
        aspect_counts=description.aspect_counts() if generator.any_grid else {},
    )
    return model.to(chosen)


def load_decoder(path: str | Path, weights: Path | None = None) -> tuple[Codec, Decoder]:
    """Codec and decoder of a run or model folder, whether or not its sampler was ever trained; or the official ESRGAN,
    from its weight file (RRDB_ESRGAN_x4.pth, or safetensors).

    `weights`: other weights of the same decoder, such as those of a snapshot; None for the folder's own.

    Raises:
        UserError: nothing there, no decoder yet, or a damaged file.
    """
    if Path(path).is_file():
        return PixelCodec(levels=2, reduction="antialiased"), load_rrdb(Path(path))
    folder = model_folder(Path(path))
    description = ModelDescription.read(folder)
    if not description.decoder:
        raise UserError(f"{folder}: this model has no decoder")
    codec, decoder = description.build_codec(), description.build_decoder()
    load_weights(decoder, weights or folder / DECODER_FILE)
    return codec.eval(), decoder.eval().requires_grad_(False)


def load_decoder_format(path: str | Path) -> tuple[int, PixelFormat]:
    """Channels of the images that a decoder of `load_decoder` was trained on, and what their numbers stand for."""
    if Path(path).is_file():
        return 3, PLAIN
    description = ModelDescription.read(model_folder(Path(path)))
    return description.shape.channels, description.pixels


def refuse_autoencoder(decoder: nn.Module | None, path: Path) -> None:
    """
    Raises:
        UserError: that decoder can decode neither a sampler's codes nor small images.
    """
    if isinstance(decoder, Autoencoder):
        raise UserError(
            f"{path}: {type(decoder).__name__} is an autoencoder. It decodes what it encoded itself, and no sampler's "
            "codes or small images. Compare it with other decoders: `frugan evaluate-decoder`."
        )


def load_shape(path: str | Path) -> ImageShape:
    """Shape of the images that a run or model folder's networks were trained for.

    Raises:
        UserError: nothing there, or a damaged file.
    """
    return ModelDescription.read(model_folder(Path(path))).shape


def model_folder(path: Path) -> Path:
    """Of a run, its model's folder; of a name that `model.place` knows, where that lies."""
    path = model_place(path)
    return path / "model" if (path / "config.yaml").is_file() else path


@dataclass(frozen=True)
class ModelDescription:
    """What a model's `config.json` holds: its classes with their settings; weights lie beside it.

    Attributes:
        code_shape: (C, s, s), what the generator draws.
        shape: of the images that come out of the decoder.
        pixels: what their numbers stand for in files.
        info: provenance (recipe, data, seed ...).
        assumed_noise: see `Model`.
        most_noise: see `Model`.
    """

    generator: Spec
    codec: Spec
    decoder: Spec | None
    code_shape: tuple[int, int, int]
    shape: ImageShape
    info: Mapping[str, Any] = field(default_factory=dict)
    assumed_noise: float = 0.0
    most_noise: float = 0.0
    pixels: PixelFormat = PLAIN

    @classmethod
    def read(cls, folder: Path) -> "ModelDescription":
        """
        Raises:
            UserError: no model folder, or a damaged or foreign `config.json`.
        """
        config = _read_json(folder)
        try:
            return cls(
                generator=Spec.from_dict(config["generator"]),
                codec=Spec.from_dict(config["codec"]),
                decoder=Spec.from_dict(config["decoder"]) if config.get("decoder") else None,
                code_shape=tuple(config["code_shape"]),
                shape=_shape(config),
                info=config.get("info", {}),
                assumed_noise=float(config.get("assumed_noise", 0.0)),
                most_noise=float(config.get("most_noise", 0.0)),
                pixels=_pixels(config),
            )
        except KeyError as error:
            raise UserError(f"{folder / CONFIG_FILE}: it lacks {error}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise UserError(f"{folder / CONFIG_FILE}: {error}") from error

    def write(self, folder: Path) -> None:
        """Describe a model; its weights follow with `write_weights`."""
        config = {
            "format": FORMAT,
            **_shape_entries(self.shape, self.pixels),
            "code_shape": list(self.code_shape),
            "generator": self.generator.to_dict(),
            "codec": self.codec.to_dict(),
            "decoder": self.decoder.to_dict() if self.decoder else None,
            "assumed_noise": self.assumed_noise,
            "most_noise": self.most_noise,
            "info": dict(self.info),
        }
        write_file(folder / CONFIG_FILE, json.dumps(config, indent=1).encode())

    def build_generator(self) -> Generator:
        """Without its weights, as all that is built here."""
        generator: Generator = _build(self.generator, code_shape=self.code_shape)
        return generator

    def build_codec(self) -> Codec:
        codec: Codec = _build(self.codec)
        return codec

    def build_decoder(self) -> Decoder:
        assert self.decoder is not None
        decoder: Decoder = _build(self.decoder, **colours_of(self.shape.channels))
        return decoder

    def class_counts(self) -> dict[str, int]:
        """How many training images each class had, in the order of the labels."""
        return self._counts("class_counts")

    def aspect_counts(self) -> dict[float, int]:
        """How many training images were stretched from each width over height; none if all had one shape."""
        try:
            counts = {float(aspect): count for aspect, count in self._counts("aspect_counts").items() if count}
        except ValueError as error:
            raise UserError(f"{CONFIG_FILE}: info.data.aspect_counts: {error}") from error
        if not all(0.1 <= aspect <= 10 for aspect in counts):
            raise UserError(f"{CONFIG_FILE}: info.data.aspect_counts: widths over heights are from 0.1 to 10")
        return counts

    def _counts(self, name: str) -> dict[str, int]:
        data = entry_of(self.info.get("data", {}), CONFIG_FILE, "info.data")
        counts = entry_of(data.get(name, {}), CONFIG_FILE, f"info.data.{name}")
        if not all(type(count) is int and count >= 0 for count in counts.values()):
            raise UserError(f"{CONFIG_FILE}: info.data.{name}: expected numbers of images")
        return dict(counts)


def _shape(config: JSON) -> ImageShape:
    """Of images: a side alone means RGB squares, as all were once."""
    channels = int(config.get("channels", 3))
    if channels < 1:
        raise ValueError(f"channels: {channels} cannot be")
    return ImageShape(channels, *size_of(config["resolution"]))


def _pixels(config: JSON) -> PixelFormat:
    stored = config.get("pixels", {})
    return PixelFormat(stored["bits"], float(stored["low"]), float(stored["high"])) if stored else PixelFormat()


def _shape_entries(shape: ImageShape, pixels: PixelFormat) -> JSON:
    """The inverse; what earlier versions knew is written as they did."""
    entries: JSON = {"resolution": resolution_entry(shape)}
    if shape.channels != 3:
        entries["channels"] = shape.channels
    if not pixels.is_plain:
        entries["pixels"] = {"bits": pixels.bits, "low": pixels.low, "high": pixels.high}
    return entries


def _build(spec: Spec, **runtime: Any) -> Any:
    try:
        return spec.build(**runtime)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{CONFIG_FILE}: {spec.target.__qualname__}: {error}") from error


def _read_json(folder: Path) -> JSON:
    if not folder.is_dir():
        what = "is a file; frugan loads folders" if folder.exists() else "no such folder"
        raise UserError(
            f"{folder}: {what}. A model is a folder with {CONFIG_FILE} and {GENERATOR_FILE}; pickles and archives are "
            "refused unread"
        )
    try:
        config = json.loads(read_text(folder / CONFIG_FILE, MODEL_DESCRIPTION))
    except FileNotFoundError as error:
        raise UserError(f"{folder}: not a model folder (it has no {CONFIG_FILE})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{folder / CONFIG_FILE}: not valid JSON: {error}") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        found = config.get("format") if isinstance(config, dict) else type(config).__name__
        raise UserError(f"{folder / CONFIG_FILE}: not a model of this program (format {found!r}, expected '{FORMAT}')")
    return config
