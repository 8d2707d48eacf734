"""The studies of the NSS paper (Nakamura, Korman & Hong), and smaller ones of the same form for a CPU.

Of the three hyper-parameters of table 3, lr, beta1 and lambda, the paper searched a grid for every method:
`frugan study nss-table4-flowers102 --search 40 --trials 1 --grid objective.lr=5e-5,1e-4,2e-4,5e-4,1e-3 --grid
objective.beta1=.3,.4,.5 --grid objective.lambda=1,5,10,20` searches it again.
"""

from dataclasses import replace

from frugan.config.schema import RunConfig
from frugan.config.spec import Spec
from frugan.config.yaml import override
from frugan.recipes import noisy_scale_space as recipes
from frugan.recipes import published
from frugan.recipes import stylegan2_noisy_scale_space as sg2
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.diffaugment import DiffAugment
from frugan.studies.definition import Row, Study, with_values

# What two CPU cores afford: 32 px, half the width, batch 16 so that a short run still has many steps. T falls
# with the square of the side, for the same relative blur.
_SMALL = [
    "data.resolution=32",
    "sampler.generator.width=32",
    "sampler.discriminator.width=32",
    "sampler.schedule.batch=16",
    "sampler.schedule.kimg=28",
    "sampler.schedule.log_every=2",
    "sampler.schedule.keep_checkpoints=1",
    "evaluation.samples=2048",
]
_SMALL_STEPS = 64
# The paper's settings belong to 6,400 steps of batch 128. These are the best of lr 2e-4, 5e-4, 1e-3, 2e-3 on photos of
# flowers, and of the paper's lambda (5, 20, 10) and a smaller one (1, 5, 1), at 24 kimg with one seed each:
# `frugan study nss-small flowers128.zip --trials 1 --set sampler.schedule.kimg=24 --grid objective.lr=2e-4,...`
_SMALL_TUNED: dict[str, dict[str, str]] = {
    "nss": {"objective.lr": "5e-4"},
    "gan": {"objective.lr": "5e-4"},
    "gan-gr": {"objective.lr": "1e-3", "objective.lambda": "5"},
    "lsgan": {"objective.lr": "2e-4"},
    "wgan-gp": {"objective.lr": "5e-4", "objective.lambda": "5"},
    "dragan": {"objective.lr": "5e-4", "objective.lambda": "10"},
    "ss": {"objective.lr": "2e-4"},
    "ns": {"objective.lr": "2e-4"},
}


def table4(dataset: str) -> Study:
    """All eight methods with the settings tuned for this data set; NSS first, so that all are tested against it."""
    names = ["nss", *(name for name in recipes.METHODS if name != "nss")]
    rows = [Row(name, recipes.dcgan(name, dataset), published.nss_table4(name, dataset)) for name in names]
    return Study(f"nss-table4-{dataset}", "Does NSS beat the other ways of stabilising a DCGAN?", tuple(rows), 20)


def table2(dataset: str) -> Study:
    """Deliberately unstable settings: the plain GAN against SS, NS and NSS from several T."""
    rows = [Row("gan", recipes.unstable("nss", 0, dataset), published.nss_table2("nss", 0, dataset))]
    for mode in ("ss", "ns", "nss"):
        for steps in published.NSS_TABLE_2_STEPS[1:]:
            config = recipes.unstable(mode, steps, dataset)
            rows.append(Row(f"{mode} T={steps}", config, published.nss_table2(mode, steps, dataset)))
    return Study(f"nss-table2-{dataset}", "Which T rescues a GAN from unstable settings?", tuple(rows), 20)


def table1() -> Study:
    """CelebA: blur at a fixed t for half of the training, then none; the last row is annealed."""
    rows = [
        Row(f"t={steps}", recipes.fixed_steps(steps), published.nss_table1(steps))
        for steps in published.NSS_TABLE_1_STEPS
    ]
    annealed = override(recipes.dcgan("ss", "celeba"), ["sampler.stabilizer.start=128"])
    return Study(
        "nss-table1",
        "How much blur does a GAN recover from when it is taken away at once?",
        (*rows, Row("annealed T=128", annealed, published.nss_table1(None))),
        20,
    )


def figure3() -> Study:
    """CelebA: whole batches blurred at fixed t; `frugan report` of each trial draws the discriminator's predictions."""
    rows = tuple(Row(f"t={steps}", recipes.whole_batch(steps)) for steps in (0, 1, 4, 16, 64))
    return Study("nss-figure3", "Does blur keep the discriminator's predictions on reals and fakes together?", rows, 1)


def stylegan2(data: str) -> Study:
    """Tables 5 (metfaces512) and 6 (ffhq512): StyleGAN2 with ADA, with NSS, and on FFHQ with neither; DATA is yours."""
    rows = [Row(name, sg2.stylegan2(name), published.NSS_STYLEGAN2[name]) for name in sg2.ROWS if name.endswith(data)]
    return Study(f"nss-stylegan2-{data}", "Does NSS help StyleGAN2, beside ADA or instead of it?", tuple(rows), 5)


def small() -> Study:
    """Table 4 at 32 x 32 on a CPU, on any DATA: each method with settings tuned for it, equal images for all."""
    full = table4("flowers102")
    rows = tuple(Row(row.name, _tuned(row.name), row.paper) for row in full.rows)
    return Study("nss-small", full.question, rows, 5)


def small_stress() -> Study:
    """Table 2's idea at 32 x 32: a learning rate and momentum at which the plain GAN collapses, with every rescue."""
    stress = {"objective.lr": "2e-3", "objective.beta1": "0.9"}
    gan = with_values(shrink(recipes.dcgan("gan")), stress)
    scale_space = {mode: with_values(shrink(recipes.dcgan(mode)), stress) for mode in ("ss", "ns", "nss")}
    ada = Spec(ADA, kimg=10.0)  # the published 500 belong to runs of 25,000 kimg: p could not rise above .1 here
    augmented = {
        "diffaugment": _with_stabilizer(gan, Spec(DiffAugment)),
        "ada": _with_stabilizer(gan, ada),
        "ada + nss": _with_stabilizer(gan, Spec(Chain, stages=(ada, scale_space["nss"].sampler.stabilizer))),
    }
    rows = {"gan": gan, **scale_space, **augmented}
    return Study(
        "nss-small-stress",
        "What rescues a DCGAN whose settings make it collapse?",
        tuple(Row(name, config) for name, config in rows.items()),
        5,
    )


def small_sigma() -> Study:
    """NSS with the paper's sigma, with the closed form on these images, and with noise matched to their spectrum."""
    base = _tuned("nss")
    rows = {
        "sigma .30 (paper)": base,
        "sigma auto": override(base, ["sampler.stabilizer.sigma=auto"]),
        "sigma matched": override(base, ["sampler.stabilizer.sigma=matched"]),
    }
    return Study(
        "nss-small-sigma",
        "Does noise that fits the images' spectrum help?",
        tuple(Row(name, config) for name, config in rows.items()),
        5,
    )


def shrink(config: RunConfig) -> RunConfig:
    """A row of the paper at 32 x 32."""
    has_scale_space = "start" in config.sampler.stabilizer.arguments
    return override(config, _SMALL + [f"sampler.stabilizer.start={_SMALL_STEPS}"] * has_scale_space)


def _tuned(method: str) -> RunConfig:
    return with_values(shrink(recipes.dcgan(method)), _SMALL_TUNED[method])


def _with_stabilizer(config: RunConfig, stabilizer: Spec) -> RunConfig:
    return replace(config, sampler=replace(config.sampler, stabilizer=stabilizer))
