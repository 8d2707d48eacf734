"""The same seed draws the same picture: in any batch, from any folder the model is copied to."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.cli import main
from frugan.config.spec import Spec
from frugan.model.model import Model
from frugan.model.seeds import seed_latents
from frugan.model.weights import write_weights
from frugan.networks.srresnet import SRResNet
from frugan.system.errors import UserError
from frugan.writing.pictures import contact_sheet, to_uint8, write_sheet


def test_the_promised_api(trained_run: Path) -> None:
    model = frugan.load(trained_run)
    images = model.sample(seeds=range(16))
    assert images.shape == (16, 3, 64, 64)
    assert images.dtype == torch.float32
    assert images.min() >= -1
    assert images.max() <= 1


def test_a_picture_depends_on_its_seed_alone(trained_run: Path) -> None:
    model = frugan.load(trained_run)
    together = model.sample(range(20))
    assert torch.equal(model.sample([7]), together[7:8])
    assert torch.equal(model.sample([19, 3]), together[[19, 3]])
    small = torch.cat(list(model.batches(range(20), batch=3)))
    assert torch.allclose(small, together, atol=1e-5)
    assert not torch.equal(together[0], together[1])


def test_latents_follow_styles_gans_convention() -> None:
    expected = np.random.RandomState(5).randn(1, 8)
    assert torch.equal(seed_latents([5], 8), torch.from_numpy(expected).float())
    with pytest.raises(ValueError, match="seed -1"):
        seed_latents([-1], 8)


def test_truncation_makes_pictures_more_alike(trained_run: Path) -> None:
    model = frugan.load(trained_run)
    spread = [model.codes(range(16), truncation).std(dim=0).mean().item() for truncation in (1.0, 0.5, 0.0)]
    assert spread[0] > spread[1] > spread[2] == pytest.approx(0, abs=1e-6)


def test_a_model_folder_works_anywhere(trained_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "my model"
    shutil.copytree(trained_run / "model", copy)
    assert torch.equal(frugan.load(copy).sample([1, 2]), frugan.load(trained_run).sample([1, 2]))


def test_without_a_decoder_yet_images_are_interpolated(trained_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(trained_run / "model", copy)
    (copy / "decoder.safetensors").unlink()
    model = frugan.load(copy)
    codes = model.codes([0])
    assert model.decoder is None
    assert torch.equal(model.decode(codes, noise=0.0), model.codec.base(codes).clamp(-1, 1))


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (7, 3), (10, 5), (16, 4), (24, 6), (48, 8), (64, 8)])
def test_grids_have_no_empty_places_where_that_is_possible(count: int, columns: int) -> None:
    assert contact_sheet(torch.zeros(count, 3, 2, 2)).shape == (2 * -(-count // columns), 2 * columns, 3)


@pytest.fixture
def model_copy(trained_run: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(trained_run / "model", copy)
    return copy


@pytest.fixture
def told_model(model_copy: Path) -> Path:
    """The same model with a decoder that is told the noise of its code, trained on up to .5, and told .2 of samples."""
    torch.manual_seed(0)
    decoder = Spec(SRResNet, channels=4, blocks=1, init_scale=1.0, told_noise=True)
    config = json.loads((model_copy / "config.json").read_text())
    config |= {"decoder": decoder.to_dict(), "assumed_noise": 0.2, "most_noise": 0.5}
    (model_copy / "config.json").write_text(json.dumps(config))
    write_weights(model_copy / "decoder.safetensors", decoder.build())
    return model_copy


def test_what_a_decoder_is_told_of_samples_travels_with_the_model(told_model: Path, tmp_path: Path) -> None:
    model = frugan.load(told_model)
    codes = model.codes([5])
    assert torch.allclose(model.sample([5]), model.decode(codes, noise=0.2), atol=1e-5)
    assert not torch.allclose(model.sample([5]), model.decode(codes, noise=0.0), atol=1e-3)
    assert torch.allclose(model.assuming(0.0).sample([5]), model.decode(codes, noise=0.0), atol=1e-5)
    pictures = []
    for noise in ("0.2", "0.5"):
        out = tmp_path / f"{noise}.png"
        assert (
            main(["sample", str(told_model), "--seeds", "5", "--out", str(out), "--grid", "--code-noise", noise]) == 0
        )
        pictures.append(np.asarray(Image.open(out)))
    assert not np.array_equal(*pictures)


def test_noise_that_a_decoder_never_saw_is_refused(told_model: Path, trained_run: Path) -> None:
    with pytest.raises(UserError, match=r"from 0 to 0\.5"):
        frugan.load(told_model).assuming(0.6)
    with pytest.raises(UserError, match="takes no noise level"):
        frugan.load(trained_run).assuming(0.1)
    assert frugan.load(trained_run).assuming(None).assumed_noise == 0


def test_grids_and_pngs_are_exact(tmp_path: Path) -> None:
    images = torch.rand(5, 3, 8, 8) * 2 - 1
    sheet = contact_sheet(images, columns=3)
    assert sheet.shape == (16, 24, 3)
    assert np.array_equal(sheet[8:, 8:16], to_uint8(images)[4])
    assert (sheet[8:, 16:] == 255).all()
    write_sheet(tmp_path / "new folder" / "grid.png", sheet)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "new folder" / "grid.png")), sheet)


def test_pickles_and_archives_are_refused_unread(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (tmp_path / "trap sprung",)  # type: ignore[return-value]

    import pickle

    pickled = tmp_path / "network.pkl"
    pickled.write_bytes(pickle.dumps(Trap()))
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("config.json", "{}")
    for path in (pickled, archive):
        with pytest.raises(UserError, match="is a file; frugan loads folders"):
            frugan.load(path)
    assert not (tmp_path / "trap sprung").exists()


def test_a_pickle_named_safetensors_is_refused(model_copy: Path, tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(1)}, model_copy / "generator.safetensors")
    with pytest.raises(UserError, match=r"generator\.safetensors: not a safetensors file"):
        frugan.load(model_copy)


def test_truncated_weights_are_refused(model_copy: Path) -> None:
    path = model_copy / "generator.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match="truncated"):
        frugan.load(model_copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generator": {"class": "os.system", "command": "true"}}, "not a class of frugan"),
        ({"codec": {"class": "antigravity.fly"}}, "not a class of frugan"),
        ({"generator": {"class": "frugan.networks.dcgan.DCGANGenerator", "widht": 3}}, "did you mean 'width'"),
        (
            {"generator": {"class": "frugan.networks.dcgan.DCGANGenerator", "latent_dim": 9}},
            r"another network .* of another shape \(such as",
        ),
        ({"format": "stylegan/2"}, "not a model of this program"),
        ({"code_shape": [3, 7, 17]}, "at least 8 x 8"),
        ({"generator": "DCGAN"}, r"config\.json"),
        ({"resolution": None}, r"config\.json"),
    ],
)
def test_a_config_that_asks_for_something_else_is_refused(
    model_copy: Path, change: dict[str, object], message: str
) -> None:
    path = model_copy / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=message):
        frugan.load(model_copy)


def test_other_folders_say_what_they_lack(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        frugan.load(tmp_path / "nothing")
    with pytest.raises(UserError, match=r"has no config\.json"):
        frugan.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        frugan.load(tmp_path)


def test_sampler_and_decoder_are_timed_apart(
    trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a clock that the sampler moves by 3 seconds, the decoder by 5: 16 images at a time."""
    now = [0.0]

    def later(name: str, seconds: float) -> None:
        run = getattr(Model, name)

        def slow(*arguments: object, **options: object) -> object:
            now[0] += seconds
            return run(*arguments, **options)

        monkeypatch.setattr(Model, name, slow)

    later("codes", 3.0)
    later("decode", 5.0)
    monkeypatch.setattr("frugan.judging.timing.time.perf_counter", lambda: now[0])
    assert main(["sample", str(trained_run), "--seeds", "1", "--out", str(tmp_path / "x"), "--timing"]) == 0
    assert "sampler 188 ms, decoder 312 ms an image (batch 16, cpu" in capsys.readouterr().err
