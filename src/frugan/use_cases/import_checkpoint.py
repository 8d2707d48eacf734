"""A foreign checkpoint, converted once into a model folder."""

import json
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import GENERATOR_FILE, ModelDescription
from frugan.model.weights import read_foreign_weights, write_weights
from frugan.networks.base import Generator, count_parameters
from frugan.networks.pretrained_biggan import PretrainedBigGAN, convert_names, read_settings
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.networks.stylegan2_names import convert_generator, generator_settings
from frugan.networks.stylegan2_tensorflow import from_tensorflow
from frugan.requests.importing import check_import
from frugan.system.atomic import write_folder
from frugan.system.bounds import NETWORK_SETTINGS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_text
from frugan.system.jsonl import JSON
from frugan.system.persistent_pickle import read_networks
from frugan.system.version import __version__


@dataclass(frozen=True)
class Imported:
    """The model folder that was written, and what is in it.

    Attributes:
        source: the network's kind and the checkpoint's name.
        parameters: number of trainable values.
        shape: of the images.
        classes: how many it is conditional on; 0 = none.
    """

    model: Path
    source: str
    parameters: int
    shape: ImageShape
    classes: int


def import_checkpoint(checkpoint: Path | str, out: Path | str) -> Imported:
    """Convert a public checkpoint into a model folder, which `load` and all that take models take.

    Nothing in it is executed: a file that holds anything but named tensors is refused.

    Args:
        checkpoint: The folder of a public BigGAN-deep (config.json and pytorch_model.bin), or the pickle of a StyleGAN2
            as it was first published, for TensorFlow, or as StyleGAN2-ADA and its descendants save it.
        out: The model folder to write; it must not exist.

    Raises:
        UserError: no such checkpoint, or a file of another kind.
    """
    path, target = Path(checkpoint), Path(out)
    check_import(path, target)
    return _import_biggan(path, target) if path.is_dir() else _import_stylegan2(path, target)


def _import_biggan(checkpoint: Path, out: Path) -> Imported:
    """A public BigGAN-deep as a model folder of images without a codec."""
    settings = _read_settings(checkpoint / "config.json")
    weights_file = checkpoint / "pytorch_model.bin"
    weights = read_foreign_weights(weights_file)
    try:
        return _write(
            out,
            PretrainedBigGAN,
            settings,
            convert_names(weights, settings["attention"]),
            f"BigGAN-deep, {checkpoint.resolve().name}",
        )
    except (KeyError, RuntimeError, IndexError, ValueError) as error:
        raise UserError(f"{weights_file}: not the weights that config.json describes: {error}") from error


def _import_stylegan2(checkpoint: Path, out: Path) -> Imported:
    """The averaged generator of a StyleGAN2 pickle as a model folder of images without a codec."""
    networks = read_networks(checkpoint)
    if "G_ema" not in networks and "Gs" not in networks:
        raise UserError(f"{checkpoint}: holds {', '.join(networks)}, and no averaged generator, G_ema or Gs")
    try:
        if "G_ema" in networks:
            weights = networks["G_ema"].tensors()
        else:
            weights = from_tensorflow(networks["Gs"].variables())
        settings = generator_settings(weights)
        return _write(out, StyleGAN2Generator, settings, convert_generator(weights), f"StyleGAN2, {checkpoint.name}")
    except (KeyError, RuntimeError, IndexError, ValueError, UserError) as error:
        raise UserError(f"{checkpoint}: its generator is not a StyleGAN2: {error}") from error


def _write(out: Path, network: type[Generator], settings: JSON, weights: dict[str, Tensor], source: str) -> Imported:
    """
    Raises:
        RuntimeError: weights of another network.
    """
    shape = settings["code_shape"]
    specification = Spec(network, **{name: value for name, value in settings.items() if name != "code_shape"})
    generator: Generator = specification.build(code_shape=shape)
    generator.load_state_dict(weights)

    def fill(folder: Path) -> None:
        ModelDescription(
            generator=specification,
            codec=Spec(IdentityCodec),
            decoder=None,
            code_shape=shape,
            shape=ImageShape(*shape),
            info={"recipe": "imported", "source": source, "frugan": __version__},
        ).write(folder)
        write_weights(folder / GENERATOR_FILE, generator)

    write_folder(out, fill)
    return Imported(out, source, count_parameters(generator), ImageShape(*shape), generator.classes)


def _read_settings(path: Path) -> JSON:
    try:
        return read_settings(json.loads(read_text(path, NETWORK_SETTINGS)))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise UserError(f"{path}: not the configuration of a public BigGAN-deep: it has no {error}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not the configuration of a public BigGAN-deep, or a damaged one") from error
