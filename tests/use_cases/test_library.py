"""Every use case from Python, without the command line."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.judging.evaluate_folder import images_to_compare
from frugan.model.folder import ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.creps import CREPSGenerator
from frugan.requests.watching import SILENT
from frugan.runs import probe
from frugan.runs.probe import Estimate
from frugan.use_cases.train import prepared


@pytest.fixture(scope="module")
def coordinates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of an untrained CREPS of 16 x 16."""
    torch.manual_seed(0)
    small = {"latent_dim": 8, "style_dim": 8, "channel_base": 64, "channel_max": 8, "mapping_layers": 1}
    spec, folder = Spec(CREPSGenerator, **small), tmp_path_factory.mktemp("models") / "creps"
    ModelDescription(spec, Spec(IdentityCodec), None, (3, 16, 16), ImageShape.square(16)).write(folder)
    write_weights(folder / "generator.safetensors", spec.build(code_shape=(3, 16, 16)))
    return folder


def test_every_public_name_is_there_and_documented() -> None:
    for name in frugan.__all__:
        if name != "__version__":
            assert getattr(frugan, name).__doc__, name
    assert Path(frugan.__file__).with_name("py.typed").exists()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = frugan.nothing


def test_train_stop_resume_and_finetune(tiny_config: RunConfig, tmp_path: Path) -> None:
    said: list[str] = []
    parts: set[str] = set()

    class StopAtOnce:
        def __enter__(self) -> "StopAtOnce":
            return self

        def __exit__(self, *exception: object) -> None:
            return

        def __call__(self) -> bool:
            return True

    stopped = frugan.train(tiny_config, tmp_path / "run", watcher=frugan.Watcher(interruptible=StopAtOnce))
    assert not stopped.ended
    assert not stopped.finished
    assert stopped.evaluation is None
    watcher = frugan.Watcher(said.append, on_ticks=lambda ticks: parts.update(tick.part for tick in ticks))
    trained = frugan.resume(stopped.run, watcher=watcher)
    assert trained.finished
    assert trained.report == tmp_path / "run" / "report.html"
    assert trained.report.is_file()
    assert trained.evaluation is not None
    assert trained.evaluation.values["frechet_distance"] > 0
    assert "sampler" in parts
    assert any("evaluating 16" in sentence for sentence in said)
    assert not frugan.resume(stopped.run).anew

    tuned = frugan.finetune(
        trained.run, tmp_path / "tuned", kimg=0.016, settings=["sampler.schedule.batch=8", "threads=1"]
    )
    assert tuned.finished
    assert frugan.load(tuned.run).sample([0]).shape == (1, 3, 64, 64)


def test_estimate(tiny_config: RunConfig) -> None:
    estimates = frugan.estimate(dataclasses.replace(tiny_config, decoder=None))
    assert estimates.parts["sampler"].minutes > 0
    assert estimates.config.codec.arguments["code_max"] > 0  # measured on the images


def test_minutes_fit_both_parts_longer_or_shorter(tiny_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Estimate({}, images_per_second=10, minutes=1.0, peak_memory_mb=1)
    monkeypatch.setattr(probe, "probe_parts", lambda ready: dict.fromkeys(ready.config.parts(), measured))
    for minutes in (1e-6, 30.0):
        watched = dataclasses.replace(tiny_config, minutes=minutes)
        fitted = prepared(watched, SILENT, lengthen=True).config
        kept = prepared(watched, SILENT).config
        for name, part in fitted.parts().items():
            before = watched.parts()[name].schedule
            assert (part.schedule.kimg > before.kimg) == (minutes == 30.0)
            assert part.schedule.kimg * 1000 >= before.batch  # at least one step
            assert kept.parts()[name].schedule.kimg <= before.kimg
    with pytest.raises(frugan.ArgumentError, match="minutes: kimg sets the length, too"):
        frugan.Plan("noto-people", minutes=10, kimg=1)


def test_a_plan_is_a_recipe_and_what_differs(image_folder: Path) -> None:
    plan = frugan.Plan(str(image_folder), resolution=64, kimg=1, seed=7, settings=["sampler.generator.width=8"])
    config = plan.configuration()
    assert config.recipe == "nsb-gan-w-dcgan"
    assert (config.data.resolution, config.sampler.schedule.kimg, config.seed) == (64, 1, 7)
    assert config.sampler.generator.arguments["width"] == 8
    with pytest.raises(frugan.ArgumentError, match="recipe quikstart: unknown; did you mean 'quickstart'"):
        frugan.Plan(recipe="quikstart")


def test_sample(trained_run: Path, tmp_path: Path) -> None:
    drawing = frugan.Drawing([3, 1], truncation=0.5)
    made = frugan.sample(trained_run, tmp_path / "pictures", drawing)
    assert [file.name for file in made.files] == ["seed0003.png", "seed0001.png"]
    expected = frugan.load(trained_run).sample([3], 0.5)[0].permute(1, 2, 0).numpy()
    found = np.asarray(Image.open(made.files[0])) / 127.5 - 1
    assert np.abs(found - expected).max() < 1 / 127
    (sheet,) = frugan.sample(frugan.load(trained_run), tmp_path / "sheet.png", drawing, sheet=True).files
    assert Image.open(sheet).size == (128, 64)
    with pytest.raises(frugan.ArgumentError, match=r"^each_class: this model is not class-conditional"):
        frugan.sample(trained_run, tmp_path / "none", each_class=True)


def test_render_and_video(coordinates: Path, tmp_path: Path) -> None:
    picture = frugan.render(coordinates, tmp_path / "p.png", frugan.Drawing([5]), frugan.Frame((40, 24), zoom=2))
    assert (picture.width, picture.height) == Image.open(picture.file).size == (40, 24)
    assert json.loads(Image.open(picture.file).text["frugan"])["seed"] == 5
    film = frugan.video(
        coordinates, tmp_path / "film", frugan.Drawing([1, 2]), frugan.Frame((16, 16)), frugan.Film(0.1, fps=20)
    )
    assert film.frames == len(list((tmp_path / "film").iterdir())) == 3


@pytest.mark.parametrize("ending", [".webp", ".gif"])
def test_any_model_makes_films_that_close(trained_run: Path, tmp_path: Path, ending: str) -> None:
    """Of a model with one size: the frames at the pictures are what `sample` draws; the one after the last is the
    first."""
    model, film = frugan.load(trained_run), frugan.Film(0.2, fps=10, loop=True)
    made = frugan.video(model, tmp_path / f"film{ending}", frugan.Drawing([1, 2, 3]), film=film)
    with Image.open(made.file) as opened:
        assert (opened.n_frames, opened.size, opened.info["loop"]) == (6, (64, 64), 0)
        frames = []
        for number in range(6):
            opened.seek(number)
            frames.append(np.asarray(opened.convert("RGB"), int))
            assert opened.info["duration"] == 100
    expected = ((model.sample([1, 2, 3]) + 1) * 127.5).round().permute(0, 2, 3, 1).numpy()
    difference = np.abs(np.stack(frames[::2]) - expected)
    assert difference.max() <= 1 if ending == ".webp" else difference.mean() < 4  # a GIF has 256 colours
    steps = [np.abs(frames[i] - frames[(i + 1) % 6]).mean() for i in range(6)]
    assert max(steps) < 3 * np.median(steps)  # no jump where the film begins again
    with pytest.raises(frugan.ArgumentError, match="zoom: this model draws its own size alone"):
        frugan.video(model, tmp_path / "z.gif", film=frugan.Film(zoom=(1, 2)))
    with pytest.raises(frugan.ArgumentError, match="this model draws 64 x 64 pixels"):
        frugan.video(model, tmp_path / "z.gif", frame=frugan.Frame((32, 32)))


def test_films_change_their_truncation(trained_run: Path, tmp_path: Path) -> None:
    model = frugan.load(trained_run)
    frugan.video(model, tmp_path / "film", frugan.Drawing([4, 4]), film=frugan.Film(0.1, fps=20, truncation=0.3))
    found = [np.asarray(Image.open(path), int) for path in sorted((tmp_path / "film").iterdir())]
    for frame, psi in zip(found, (1, 0.65, 0.3), strict=True):
        expected = ((model.sample([4], psi)[0] + 1) * 127.5).round().permute(1, 2, 0).numpy()
        assert np.abs(frame - expected).max() <= 1
    with pytest.raises(frugan.ArgumentError, match="a loop ends where it begins"):
        frugan.Film(truncation=0.3, loop=True)


def test_threads_of_the_caller_stay(coordinates: Path, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    try:
        frugan.render(coordinates, tmp_path / "p.png", frugan.Drawing([5]), frugan.Frame((8, 8)))
        frugan.video(
            coordinates, tmp_path / "film", frugan.Drawing([1]), frugan.Frame((8, 8)), frugan.Film(0.1, fps=10)
        )
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_enlarged_pictures_are_compared_with_images_of_their_size(trained_run: Path, image_folder: Path) -> None:
    """The run's images are 64 px, and a decoder brings pictures to 128: there are no such reals without upsampling."""
    larger = frugan.Finishing(decoder=trained_run, halvings=1)
    with pytest.raises(frugan.UserError, match="40 images are smaller than 128"):
        frugan.evaluate(trained_run, samples=8, finishing=larger)
    dataset = images_to_compare(
        trained_run, frugan.RealImages(), dataclasses.replace(frugan.load(trained_run), shape=ImageShape.square(32))
    )
    assert dataset.shape == ImageShape.square(32)


def test_a_configuration_that_begins_with_lost_weights_is_refused(trained_run: Path, tmp_path: Path) -> None:
    text = (trained_run / "config.yaml").read_text()
    assert "  initial: ''" in text
    (tmp_path / "config.yaml").write_text(text.replace("  initial: ''", "  initial: initial.safetensors"))
    with pytest.raises(frugan.ArgumentError, match="began with the weights of another run"):
        frugan.train(frugan.Plan(config=tmp_path / "config.yaml"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_judge(trained_run: Path, coordinates: Path, image_folder: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    watcher = frugan.Watcher(on_stage=lambda stage, done, total: heard.append(stage))
    evaluation = frugan.evaluate(
        trained_run / "model", frugan.RealImages(str(image_folder)), samples=8, watcher=watcher
    )
    assert evaluation.values["recall"] >= 0
    assert frugan.Evaluation.from_json(evaluation.to_json()) == evaluation
    assert "generated images" in heard
    points = frugan.sweep(trained_run, frugan.Sweeping([1.0, 0.5], samples=20), page=tmp_path / "sweep.html").points
    assert [point.truncation for point in points] == [1.0, 0.5]
    assert (tmp_path / "sweep.html").is_file()
    agreement = frugan.measure_consistency(coordinates, (16, 32), samples=4)
    assert agreement.to_json()["results"]["ends"]["psnr"] > 0
    with pytest.raises(frugan.ArgumentError, match=r"^sizes"):
        frugan.measure_consistency(coordinates, (16, 40), samples=4)


def test_decoders(trained_run: Path, image_folder: Path, tmp_path: Path) -> None:
    comparison = frugan.compare_decoders([trained_run], page=tmp_path / "decoders.html")
    assert comparison.rows[-1].quality["training"]["psnr"] > 10
    upscaled = frugan.upscale([image_folder / "00.png", Path(__file__)], trained_run, tmp_path / "large", tile=64)
    (picture,) = upscaled.pictures
    assert picture.after == Image.open(picture.file).size == (256, 256)
    assert "test_library.py" in upscaled.unreadable[0]


def test_report_and_data(trained_run: Path, image_folder: Path, tmp_path: Path) -> None:
    assert frugan.check_data(image_folder).images == 40
    with pytest.raises(frugan.UserError, match="no such folder"):
        frugan.report(tmp_path / "nothing")


def test_wrong_arguments_say_what_to_pass(trained_run: Path) -> None:
    model = frugan.load(trained_run)
    with pytest.raises(TypeError, match=r"seeds: expected several ints, such as range\(16\)"):
        model.sample(seeds=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="seeds"):
        frugan.Drawing(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"class_label: expected the name or number of a class as text"):
        model.class_label(1)  # type: ignore[arg-type]
