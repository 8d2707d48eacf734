"""What the three papers' tables say, for the recipes, studies and reports that show it beside ours. Loads no torch."""

from frugan.config.published import Published, fid

# Noisy scale-space: means and standard deviations of 20 runs (tables 1 to 4) or 5 (5 and 6), by data set.
NSS_DATASETS = ("celeba", "lsun-church", "lsun-conference-room", "flowers102")
_NSS_TABLE_4: dict[str, tuple[tuple[str, str], ...]] = {
    "gan": (
        ("21.36 ± 1.71", "2.39 ± 0.06"),
        ("69.05 ± 4.65", "2.98 ± 0.07"),
        ("77.96 ± 5.49", "4.19 ± 0.11"),
        ("97.71 ± 4.91", "2.98 ± 0.09"),
    ),
    "gan-gr": (
        ("19.87 ± 1.19", "2.35 ± 0.05"),
        ("61.67 ± 5.07", "2.97 ± 0.11"),
        ("70.82 ± 3.80", "4.08 ± 0.11"),
        ("99.25 ± 5.59", "3.15 ± 0.09"),
    ),
    "lsgan": (
        ("33.38 ± 5.10", "2.28 ± 0.06"),
        ("75.88 ± 9.56", "3.02 ± 0.09"),
        ("81.90 ± 9.49", "4.01 ± 0.11"),
        ("121.81 ± 8.50", "2.72 ± 0.15"),
    ),
    "wgan-gp": (
        ("42.16 ± 2.77", "2.45 ± 0.07"),
        ("102.61 ± 18.48", "2.90 ± 0.14"),
        ("121.05 ± 7.60", "3.51 ± 0.13"),
        ("129.05 ± 7.70", "2.89 ± 0.08"),
    ),
    "dragan": (
        ("20.36 ± 1.25", "2.35 ± 0.05"),
        ("50.41 ± 2.68", "2.91 ± 0.04"),
        ("67.07 ± 5.45", "4.18 ± 0.16"),
        ("98.37 ± 6.63", "3.00 ± 0.09"),
    ),
    "ss": (
        ("21.49 ± 1.49", "2.37 ± 0.05"),
        ("61.20 ± 3.53", "2.97 ± 0.08"),
        ("80.07 ± 5.44", "4.02 ± 0.10"),
        ("91.93 ± 5.12", "3.11 ± 0.09"),
    ),
    "ns": (
        ("20.50 ± 1.14", "2.37 ± 0.04"),
        ("60.02 ± 4.47", "2.98 ± 0.08"),
        ("73.11 ± 4.07", "4.02 ± 0.08"),
        ("91.44 ± 4.47", "3.07 ± 0.08"),
    ),
    "nss": (
        ("19.45 ± 1.15", "2.42 ± 0.05"),
        ("58.86 ± 3.92", "2.97 ± 0.08"),
        ("64.61 ± 3.20", "4.21 ± 0.14"),
        ("86.28 ± 6.57", "3.09 ± 0.10"),
    ),
}
# Table 2: FID with deliberately unstable (lr, beta1), by T; T = 0 is the plain GAN.
NSS_TABLE_2_STEPS = (0, 32, 64, 128, 256)
_NSS_TABLE_2: dict[str, tuple[tuple[str, ...], ...]] = {
    "ss": (
        ("24.60", "23.14", "23.16", "23.11", "22.31"),
        ("70.94", "69.80", "69.05", "69.38", "70.58"),
        ("127.32", "119.06", "98.73", "84.31", "87.46"),
        ("201.02", "162.24", "120.57", "116.29", "100.84"),
    ),
    "ns": (
        ("24.60", "22.82", "23.01", "24.02", "24.29"),
        ("70.94", "70.20", "69.60", "69.51", "69.61"),
        ("127.32", "71.16", "72.21", "71.83", "73.11"),
        ("201.02", "89.46", "93.46", "95.66", "95.47"),
    ),
    "nss": (
        ("24.60", "22.32", "22.43", "21.18", "21.79"),
        ("70.94", "69.88", "69.67", "68.59", "67.38"),
        ("127.32", "67.37", "70.33", "68.90", "70.47"),
        ("201.02", "87.30", "88.68", "92.57", "94.24"),
    ),
}
# Table 1: CelebA, SS at a fixed t for the first half and none for the second; None is annealed from 128.
_NSS_TABLE_1 = {
    0: ("21.36", "2.39"),
    4: ("21.94", "2.39"),
    8: ("24.70", "2.35"),
    16: ("25.06", "2.33"),
    32: ("25.29", "2.30"),
    64: ("26.87", "2.31"),
    128: ("60.34", "2.14"),
    None: ("21.49", "2.37"),
}
NSS_TABLE_1_STEPS = (0, 4, 8, 16, 32, 64, 128)
NSS_STYLEGAN2 = {
    "sg2-ada-metfaces512": fid("18.30 ± 1.87", "NSS, table 5", "3.79 ± 0.14"),
    "sg2-ada-nss-metfaces512": fid("17.25 ± 0.56", "NSS, table 5", "3.87 ± 0.05"),
    "sg2-ada-ffhq512": fid("7.27 ± 0.25", "NSS, table 6", "4.61 ± 0.03"),
    "sg2-nss-ffhq512": fid("5.52 ± 0.12", "NSS, table 6", "4.91 ± 0.08"),
    "sg2-noaug-ffhq512": (),
}

# not-so-big-GAN, ImageNet 256 x 256 of 50,000 samples: the least FID over truncations, and the best IS over rejections.
_NSB_4 = "not-so-big-GAN, table 4, most IS"
NSB_SAMPLERS = {
    "nsb-gan-w": (*fid("21.82", "not-so-big-GAN, tables 1 and 4", "119.8"), *fid("27.52", _NSB_4, "219.4")),
    "nsb-gan-p": (*fid("32.66", "not-so-big-GAN, tables 1 and 4", "89.81"), *fid("33.61", _NSB_4, "96.12")),
    "nsb-gan-w-unet": (*fid("35.60", "not-so-big-GAN, table 4", "84.68"), *fid("38.58", _NSB_4, "129.4")),
    "biggan-256": fid("> 200", "not-so-big-GAN, table 1", "< 10"),
    "nsb-gan-w-stylegan2": (
        *fid("7.886", "not-so-big-GAN, table 10, decoder of church", "2.784"),
        *fid("13.53", "not-so-big-GAN, table 10, decoder of ImageNet", "3.182"),
    ),
}


def _mse(train: str, valid: str) -> tuple[Published, ...]:
    table = "not-so-big-GAN, table 3"
    return Published("MSE, training images", train, table), Published("MSE, held-out images", valid, table)


# Mean squared errors of images in [0, 1].
NSB_DECODERS = {
    "unet-p": _mse(".0061", ".0074"),
    "unet-w": _mse(".0045", ".0049"),
    "vq-vae-2": _mse(".0047", ".0050"),
}

# CREPS: FID of 50,000 samples.
CREPS_TABLE_3 = {
    "creps-ffhq-512": fid("4.43", "CREPS, table 3"),
    "creps-ffhq-1024": fid("4.09", "CREPS, table 3: the 512 px model at twice its size"),
    "creps-lsun-church": fid("5.50", "CREPS, table 3"),
    "scaleparty-ffhq-256": (
        *fid("6.23", "CREPS, table 3, drawn at 512"),
        *fid("10.91", "CREPS, table 3, drawn at 1024"),
    ),
    "anyres-ffhq": (
        *fid("3.71", "CREPS, table 3, drawn at 512"),
        *fid("4.06", "CREPS, table 3, drawn at 1024"),
    ),
}
# INR-GAN's own table, at 256 x 256.
INR_GAN_TABLE = {
    "cips-ffhq-256": fid("4.38", "INR-GAN, its table of FFHQ 256"),
    "inr-gan-ffhq-256": fid("9.57", "INR-GAN, its table of FFHQ 256"),
}
CREPS_TABLE_4 = {
    "creps-ffhq-128": fid("4.66", "CREPS, table 4"),
    "creps-ffhq-128-bi-line": fid("8.23", "CREPS, table 4"),
    "creps-ffhq-128-no-decoders": fid("6.91", "CREPS, table 4"),
    "creps-ffhq-128-thin": fid("6.46", "CREPS, table 4"),
}


def nss_table1(steps: int | None) -> tuple[Published, ...]:
    """A column of table 1; None: annealed from 128."""
    value, score = _NSS_TABLE_1[steps]
    return fid(value, "NSS, table 1", score)


def nss_table2(mode: str, steps: int, dataset: str) -> tuple[Published, ...]:
    """A cell of table 2."""
    return fid(_NSS_TABLE_2[mode][NSS_DATASETS.index(dataset)][NSS_TABLE_2_STEPS.index(steps)], "NSS, table 2")


def nss_table4(method: str, dataset: str) -> tuple[Published, ...]:
    """A cell of table 4: FID and IS."""
    value, score = _NSS_TABLE_4[method][NSS_DATASETS.index(dataset)]
    return fid(value, "NSS, table 4", score)
