"""Specs and settings: round trips, and errors that say where and what was probably meant."""

import dataclasses

import pytest

from frugan.config.schema import RunConfig
from frugan.config.spec import Spec
from frugan.config.yaml import dump, override, parse
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.objectives.losses import non_saturating
from frugan.recipes import RECIPES, find_recipe
from frugan.stabilizers.annealing import constant, exponential
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.errors import UserError


def test_a_spec_builds_with_what_only_the_run_knows() -> None:
    generator = Spec(DCGANGenerator, latent_dim=8, width=8).build(code_shape=(3, 16, 16))
    assert isinstance(generator, DCGANGenerator)
    assert generator.latent_dim == 8


def test_a_spec_of_a_spec_binds_the_inner_function() -> None:
    stabilizer = Spec(ScaleSpace, start=10.0, annealing=Spec(exponential, beta=2.0)).build()
    stabilizer.schedule(0.5)
    assert stabilizer.strengths()["t"] == pytest.approx(10 * 2.718281828**-1.0)


def test_specs_round_trip_complete_with_defaults() -> None:
    spec = Spec(ScaleSpace, start=10.0, annealing=Spec(constant))
    data = spec.to_dict()
    assert data["class"] == "frugan.stabilizers.scale_space.ScaleSpace"
    assert data["fraction"] == 0.5  # a default, written down all the same
    assert data["annealing"] == {"class": "frugan.stabilizers.annealing.constant"}
    assert Spec.from_dict(data) == spec
    assert Spec.from_dict(data).to_dict() == data


def test_an_unknown_argument_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="no setting 'widht'; did you mean 'width'"):
        Spec(DCGANGenerator, widht=3)


@pytest.mark.parametrize(
    "dotted",
    [
        "os.system",
        "frugan.config.importlib",
        "frugan.networks.dcgan.nn",
        "frugan.networks.dcgan.Discriminator",  # imported there, defined elsewhere
        "frugan.networks.missing.Thing",
        "frugan.networks..dcgan",
        "frugan.training.gan.GANPart",
        "frugan.networks.dcgan.__loader__",
    ],
)
def test_a_file_may_only_name_classes_of_the_buildable_rooms(dotted: str) -> None:
    with pytest.raises(UserError, match="class"):
        Spec.from_dict({"class": dotted})


def test_the_listing_says_the_size_of_every_recipe() -> None:
    for name, recipe in RECIPES.items():
        assert recipe.side == find_recipe(name).data.resolution, name
        assert recipe.images, name


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_yaml(name: str) -> None:
    config = find_recipe(name)
    again = parse(dump(config), "config.yaml")
    assert again == config
    assert dump(parse(dump(again), "config.yaml")) == dump(again)


def test_overrides_reach_every_depth() -> None:
    config = override(
        find_recipe("quickstart"),
        [
            "sampler.generator.width=48",
            "sampler.penalties.0.weight=2.5",
            "sampler.generator_optimizer.lr=1e-4",
            "sampler.stabilizer.stages.1.annealing.beta=10",
            "decoder=null",
        ],
    )
    assert config.sampler.generator.arguments["width"] == 48
    assert config.sampler.penalties[0].weight == 2.5
    assert config.sampler.generator_optimizer.lr == 1e-4  # YAML reads 1e-4 as text
    assert config.sampler.stabilizer.build().stages[1].annealing(0.1) == pytest.approx(2.718281828**-1.0)
    assert config.decoder is None


def test_a_component_can_be_replaced_as_a_whole() -> None:
    config = override(find_recipe("quickstart"), ["sampler.stabilizer={class: frugan.stabilizers.base.NoStabilizer}"])
    assert config.sampler.stabilizer.build().strengths() == {}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sampler.generatr.width=1", "no 'generatr'; did you mean 'generator'"),
        ("sampler.generator.widht=1", "sampler.generator: .*no setting 'widht'; did you mean 'width'"),
        ("sampler.generator.width=abc", "sampler.generator.width: 'abc' should be a valid integer"),
        ("sampler.schedule.kimgg=1", "no 'kimgg'; did you mean 'kimg'"),
        ("sampler.schedule.batch=1.5", "sampler.schedule.batch"),
        ("sampler.penalties.3.weight=1", "position from 0 to 0"),
        ("seed", "path.to.field=value"),
        ("sampler.generator={class: os.system}", "not a class of frugan"),
        ("seed=[1", "the value is not valid YAML"),
        ("sampler.penalties=3", "sampler.penalties: expected a list"),
        ("sampler.schedule.batch=0", "sampler.schedule.batch: 0 should be at least 1"),
        ("sampler.schedule.accumulate=3", "sampler.schedule.accumulate: 3 should be a divisor of batch, 16"),
        ("sampler.schedule.kimg=.nan", "sampler.schedule.kimg: nan should be above 0"),
        ("decoder.optimizer.lr=-1", "decoder.optimizer.lr: -1 should be above 0"),
        ("evaluation.samples=2", "evaluation.samples: 2 should be at least 4"),
        ("seed=-1", "seed: -1 should be from 0"),
    ],
)
def test_wrong_settings_name_the_field(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        override(find_recipe("quickstart"), [setting])


def test_a_broken_file_names_itself() -> None:
    with pytest.raises(UserError, match=r"my\.yaml: not valid YAML"):
        parse("a: [1", "my.yaml")
    with pytest.raises(UserError, match=r"my\.yaml: unknown setting 'recip'; did you mean 'recipe'"):
        parse("recip: x", "my.yaml")
    with pytest.raises(UserError, match="missing setting 'recipe'"):
        parse("seed: 1", "my.yaml")


def test_unknown_recipe() -> None:
    with pytest.raises(UserError, match="did you mean 'quickstart'"):
        find_recipe("quickstrt")


def test_functions_round_trip_too() -> None:
    assert Spec.from_dict(Spec(non_saturating).to_dict()).target is non_saturating
    assert Spec(DCGANDiscriminator, width=4) != Spec(DCGANDiscriminator, width=8)


def test_every_config_field_has_a_comment_or_no_default() -> None:
    """The configuration is documentation: a default without its source is a bug."""
    import inspect

    import frugan.config.schema as module

    for cls in vars(module).values():
        if not (dataclasses.is_dataclass(cls) and isinstance(cls, type) and cls is not RunConfig):
            continue
        lines = inspect.getsource(cls).splitlines()
        for field in dataclasses.fields(cls):
            if field.default is dataclasses.MISSING or field.default in ((), None):
                continue
            line = next(text for text in lines if text.strip().startswith(f"{field.name}:"))
            assert "#" in line, f"{cls.__name__}.{field.name} = {field.default!r} cites nothing"


def test_a_resolution_is_written_as_on_the_command_line_too() -> None:
    config = find_recipe("nsb-gan-w-dcgan")
    for text, size in (("36x52", (36, 52)), ("[36, 52]", (36, 52)), ("48x48", 48), ("48", 48)):
        assert override(config, [f"data.resolution={text}"]).data.resolution == size
    with pytest.raises(UserError, match=r"data\.resolution: expected a side, such as 128, or height x width"):
        override(config, ["data.resolution=36by52"])


def test_opacity_and_colours_have_one_range() -> None:
    """Colours are stored multiplied by their opacity, so 12 bits of colour and 16 of opacity would give neither."""
    deep = override(find_recipe("nsb-gan-w-dcgan"), ["data.bits=16", "data.value_range=[0, 4095]"])
    with pytest.raises(UserError, match=r"data\.value_range: opacity has all 16 bits"):
        override(deep, ["data.channels=4"])
    assert override(deep, ["data.channels=4", "data.value_range=[0, 65535]"]).data.channels == 4
