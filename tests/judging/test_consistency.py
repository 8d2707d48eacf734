"""One latent at two sizes: what is measured is what it says."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.judging.consistency import conventions, draw, measure_sizes, pairs, residual
from frugan.metrics.image import psnr
from frugan.model.folder import ModelDescription
from frugan.model.model import Model
from frugan.model.weights import write_weights
from frugan.networks.anyres import AnyresGANGenerator
from frugan.networks.base import Generator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.ops.grid import Grid, full_grid
from frugan.system.errors import UserError

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 32, "mapping_layers": 2}


class Ramp(Generator):
    """A picture whose colours are the coordinates: what a reduction must do to it is known."""

    any_grid = True
    latent_dim = 2
    code_shape = (3, 16, 16)

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(()))

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return z

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        rows, cols = grid or full_grid(16, 16)
        y, x = torch.meshgrid(rows, cols, indexing="ij")
        return (torch.stack([y, x, 0 * x]) - 0.5).expand(len(w), -1, -1, -1)


class NoDistance:
    name = "none"

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.zeros(len(a))


def model(generator: Generator) -> Model:
    return Model(generator.eval(), IdentityCodec(), None, ImageShape(*generator.code_shape))


def test_centres_agree_on_a_ramp_and_ends_drift_as_they_must() -> None:
    result = measure_sizes(model(Ramp()), (16, 32), 4, NoDistance()).results
    assert result["centres"]["psnr"] > 80
    # The mean of samples 2 i and 2 i + 1 of 32 lies at (2 i + 1/2) / 31, where the small picture has i / 15.
    i = torch.arange(16).double()
    drift = (2 * i + 0.5) / 31 - i / 15
    squared = 2 / 3 * drift.square().mean() / 4  # two of three colours; as if in [0, 1]
    assert result["ends"]["psnr"] == pytest.approx(float(-10 * torch.log10(squared)), abs=0.01)


def test_pairs_are_drawn_small_and_drawn_large_and_reduced() -> None:
    torch.manual_seed(0)
    creps = model(CREPSGenerator((3, 16, 16), **SMALL))  # type: ignore[arg-type]
    small, reduced = next(pairs(creps, (16, 48), 3, "ends"))
    w = creps.styles(range(1_000_000, 1_000_003))
    with torch.no_grad():
        assert torch.allclose(small, creps.generator.synthesis(w).clamp(-1, 1), atol=1e-5)
    large = draw(creps.generator, w, (48, 48), "ends")
    assert torch.allclose(reduced, large.view(3, 3, 16, 3, 16, 3).mean(dim=(3, 5)), atol=1e-5)
    assert torch.equal(residual(small, small), torch.full_like(small, -1))


@torch.no_grad()
def test_generators_of_one_size_are_resized() -> None:
    torch.manual_seed(0)
    stylegan2 = StyleGAN2Generator((3, 16, 16), **SMALL).eval()  # type: ignore[arg-type]
    assert conventions(stylegan2) == ("output resized", "input resized")
    assert conventions(DCGANGenerator((3, 16, 16))) == ("output resized",)
    assert conventions(AnyresGANGenerator((3, 16, 16), channel_max=4)) == ("ends", "centres")
    w = stylegan2.mapping(torch.randn(2, 16))
    same, large = draw(stylegan2, w, (16, 16), "input resized"), draw(stylegan2, w, (32, 32), "input resized")
    assert torch.allclose(same, stylegan2.synthesis(w).clamp(-1, 1), atol=1e-5)  # noise has strength 0 at first
    assert large.shape == (2, 3, 32, 32)
    assert draw(stylegan2, w, (40, 40), "output resized").shape == (2, 3, 40, 40)


def test_refusals() -> None:
    for sizes in ((8, 16), (16, 16), (16, 40)):
        with pytest.raises(UserError, match="first a side from 11, then two"):
            measure_sizes(model(Ramp()), sizes, 2, NoDistance())


def test_command_prints_what_it_measured(
    tmp_path: Path, image_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    generator, spec = CREPSGenerator((3, 16, 16), **SMALL), Spec(CREPSGenerator, **SMALL)  # type: ignore[arg-type]
    folder = tmp_path / "model"
    ModelDescription(
        generator=spec,
        codec=Spec(IdentityCodec),
        decoder=None,
        code_shape=(3, 16, 16),
        shape=ImageShape.square(16),
        info={},
    ).write(folder)
    write_weights(folder / "generator.safetensors", generator)
    assert main(["evaluate", str(folder), "--consistency", "16,32", "--samples", "4", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    small, reduced = next(pairs(model(generator), (16, 32), 4, "centres"))
    assert result["results"]["centres"]["psnr"] == pytest.approx(psnr(reduced, small).mean().item(), abs=1e-3)
    assert main(["evaluate", str(folder), "--consistency", "16,32", "--samples", "4"]) == 0
    assert "centres: PSNR" in capsys.readouterr().out
    # Pictures are drawn as they are: there is nothing that a codec could lose.
    judged = ["evaluate", str(folder), "--data", str(image_folder), "--samples", "8"]
    assert main([*judged, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reconstruction"] is None
    assert main(judged) == 0
    assert "codec" not in capsys.readouterr().out
    assert main(["evaluate", str(folder), "--consistency", "16"]) == 2
    assert main(["evaluate", str(folder), "--consistency", "16,32", "--trunc", ".5"]) == 2
    assert "does not go with --trunc" in capsys.readouterr().err
    assert main(["evaluate", str(folder), "--lpips"]) == 2


def test_the_papers_protocol_is_one_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def measure(run: Path, sizes: tuple[int, int], **options: object) -> None:
        asked.append((sizes, options["samples"]))
        raise UserError("asked enough")

    monkeypatch.setattr("frugan.measure_consistency", measure)
    for options in (
        ["--consistency", "paper"],
        ["--consistency", "paper", "--samples", "9"],
        ["--consistency", "8,16"],
    ):
        assert main(["evaluate", str(tmp_path), *options]) == 2
    assert asked == [((256, 512), 10_000), ((256, 512), 9), ((8, 16), 256)]
