"""What `frugan import` does, once torch is loaded."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.config.spec import Spec
from frugan.model.folder import GENERATOR_FILE, ModelDescription
from frugan.model.weights import read_foreign_weights, write_weights
from frugan.networks.base import Generator, count_parameters
from frugan.networks.pretrained_biggan import PretrainedBigGAN, convert_names, read_settings
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.networks.stylegan2_names import convert_generator, generator_settings
from frugan.system.atomic import write_folder
from frugan.system.errors import UserError
from frugan.system.persistent_pickle import read_networks
from frugan.system.version import __version__


def import_biggan(checkpoint: Path, out: Path) -> int:
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


def import_stylegan2(checkpoint: Path, out: Path) -> int:
    """The averaged generator of a StyleGAN2-ADA pickle as a model folder of images without a codec."""
    networks = read_networks(checkpoint)
    if "G_ema" not in networks:
        raise UserError(f"{checkpoint}: holds {', '.join(networks)}, and no averaged generator, G_ema")
    weights = networks["G_ema"].tensors()
    try:
        settings = generator_settings(weights)
        return _write(out, StyleGAN2Generator, settings, convert_generator(weights), f"StyleGAN2, {checkpoint.name}")
    except (KeyError, RuntimeError, IndexError, ValueError) as error:
        raise UserError(f"{checkpoint}: its generator is not a StyleGAN2: {error}") from error


def _write(
    out: Path, network: type[Generator], settings: dict[str, Any], weights: dict[str, Tensor], source: str
) -> int:
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
            resolution=shape[-1],
            info={"recipe": "imported", "source": source, "frugan": __version__},
        ).write(folder)
        write_weights(folder / GENERATOR_FILE, generator)

    write_folder(out, fill)
    classes = f", {generator.classes} classes" if generator.classes else ""
    print(f"{out}: {source}: {count_parameters(generator) / 1e6:.1f} M parameters, {shape[-1]} px{classes}")
    return 0


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        return read_settings(json.loads(path.read_text()))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise UserError(f"{path}: not the configuration of a public BigGAN-deep: it has no {error}") from error
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: not the configuration of a public BigGAN-deep, or a damaged one") from error
