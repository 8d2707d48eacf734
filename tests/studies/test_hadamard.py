"""The synthetic images, the fit, and the page; the experiment itself only at a size that takes a second."""

import json
from pathlib import Path

import pytest
import torch

from frugan.cli import main
from frugan.ops.scale_space import scale_space
from frugan.ops.spectrum import auto_sigma, power_spectrum
from frugan.studies import hadamard
from frugan.studies.hadamard import HadamardImages, fit, walsh_images
from frugan.studies.hadamard_page import write_hadamard_page


def test_walsh_functions_are_orthogonal_and_sorted_by_sequency() -> None:
    basis = walsh_images()
    assert torch.equal(torch.einsum("ihw,jhw->ij", basis, basis), 64 * torch.eye(8))
    changes = [(row[1:] != row[:-1]).sum().item() for row in basis[:, 0]]
    assert changes == list(range(8))
    assert torch.equal(basis, basis[:, :1].expand(8, 8, 8))  # vertical stripes


def test_the_images_have_uniform_coefficients_and_are_the_same_for_the_same_numbers() -> None:
    images, _ = HadamardImages(0).batch(0, 20000)
    found = fit(images)
    assert found.mean == pytest.approx([0.0] * 8, abs=0.02)
    assert found.std == pytest.approx([3**-0.5] * 8, rel=0.02)
    assert found.residual == pytest.approx(0.0, abs=1e-6)
    assert images.abs().max() <= 1
    assert torch.equal(HadamardImages(0).batch(64, 8)[0], HadamardImages(0).batch(64, 8)[0])
    assert not torch.equal(HadamardImages(0).batch(64, 8)[0], HadamardImages(1).batch(64, 8)[0])


def test_the_fit_sees_what_no_stripe_explains() -> None:
    noise = torch.randn(4000, 1, 8, 8, generator=torch.Generator().manual_seed(0)) / 8
    found = fit(noise)
    assert found.std == pytest.approx([1 / 8] * 8, rel=0.05)  # a unit variance over 64 pixels
    assert found.residual == pytest.approx((56 / 64) ** 0.5, rel=0.01)


def test_blur_attenuates_as_the_design_notes_say() -> None:
    """Section 5: at t = 8 the eight coefficients keep 1, .617, .255, .141, .0055, .020, .044, .027 of themselves."""
    kept = []
    for i, image in enumerate(walsh_images()):
        blurred = scale_space(image[None, None] / 8, 8.0, sigma=0.0, mode="ss")
        kept.append(fit(blurred.repeat(2, 1, 1, 1)).mean[i])
    assert kept == pytest.approx([1, 0.617, 0.255, 0.141, 0.0055, 0.020, 0.044, 0.027], abs=6e-4)


def test_auto_sigma_is_the_paper_s() -> None:
    images, _ = HadamardImages(0).batch(0, 4096)
    assert auto_sigma(power_spectrum(images), 8) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize("method", hadamard.METHODS)
def test_every_method_trains_and_is_shown(method: str, tmp_path: Path) -> None:
    training = hadamard.Training(shown_steps=6, clean_steps=3)
    results = [hadamard.train_one(method, init, 0, training) for init in hadamard.INITS]
    small, large = (torch.tensor(result.start.std).mean() for result in results)
    assert large > 3 * small
    page = write_hadamard_page(tmp_path, results, training).read_text()
    assert page.count("<svg") == 4
    assert "0.577" in page


def test_its_settings_are_flags_and_belong_to_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [
        "study",
        "nss-hadamard",
        "--rows",
        "ss",
        "--trials",
        "1",
        "--workers",
        "1",
        "--out",
        str(tmp_path / "study"),
    ]
    short = ["--set", "shown_steps=4", "--set", "clean_steps=0", "--set", "batch=4"]
    assert main([*flags, *short, "--set", "lr=2e-5"]) == 0
    definition = json.loads((tmp_path / "study" / "hadamard.json").read_text())
    assert (definition["lr"], definition["shown_steps"], definition["batch"]) == (2e-5, 4, 4)
    assert "4 steps of 4 at lr 2e-05" in (tmp_path / "study" / "report.html").read_text()
    assert main([*flags, *short]) == 2
    assert "made with other settings" in capsys.readouterr().err
    for wrong in ("lt=1", "lr=fast", "lr=-1", "batch=1.5"):
        assert main([*flags, "--set", wrong]) == 2
        assert wrong.partition("=")[0] in capsys.readouterr().err
