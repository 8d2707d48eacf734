"""What `frugan import` does, once torch is loaded."""

import json
from pathlib import Path
from typing import Any

from frugan import __version__
from frugan.atomic import write_folder
from frugan.codecs.identity import IdentityCodec
from frugan.config import Spec
from frugan.errors import UserError
from frugan.networks.base import Generator, count_parameters
from frugan.networks.pretrained_biggan import PretrainedBigGAN, convert_names, read_settings
from frugan.pretrained import GENERATOR_FILE, read_foreign_weights, write_model_config, write_weights


def import_biggan(checkpoint: Path, out: Path) -> int:
    """A public BigGAN-deep as a model folder of images without a codec."""
    settings = _read_settings(checkpoint / "config.json")
    weights_file = checkpoint / "pytorch_model.bin"
    specification = Spec(PretrainedBigGAN, **{name: value for name, value in settings.items() if name != "code_shape"})
    generator: Generator = specification.build(code_shape=settings["code_shape"])
    try:
        generator.load_state_dict(convert_names(read_foreign_weights(weights_file), settings["attention"]))
    except (KeyError, RuntimeError, IndexError, ValueError) as error:
        raise UserError(f"{weights_file}: not the weights that config.json describes: {error}") from error

    def fill(folder: Path) -> None:
        write_model_config(
            folder,
            generator=specification,
            codec=Spec(IdentityCodec),
            decoder=None,
            assumed_noise=0.0,
            most_noise=0.0,
            code_shape=settings["code_shape"],
            resolution=settings["code_shape"][-1],
            info={"recipe": "biggan-deep, imported", "source": str(checkpoint), "frugan": __version__},
        )
        write_weights(folder / GENERATOR_FILE, generator)

    write_folder(out, fill)
    print(f"{out}: BigGAN-deep of {count_parameters(generator) / 1e6:.1f} M parameters, {settings['classes']} classes")
    return 0


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        return read_settings(json.loads(path.read_text()))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not the configuration of a public BigGAN-deep ({error!r})") from error
