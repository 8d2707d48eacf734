"""Two levels of bior2.2 on 32 colour images of 256 px: ours against PyWavelets, ptwt and pytorch_wavelets.

python -m benchmarks.wavelet

CPU seconds of one thread, medians of interleaved rounds, so that a ratio belongs to one run on one machine. All repeat
the image at its borders; ptwt has no mode that halves the size exactly, and so returns a few more coefficients. It and
pytorch_wavelets differentiate, PyWavelets does not.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmarks.timing import Task, one_thread, paired_cpu_seconds
from frugan.ops.wavelet import wavedec2, waverec2

SHAPE, WAVELET, LEVELS, ROUNDS = (32, 3, 256, 256), "bior2.2", 2, 7


class Library(NamedTuple):
    name: str
    forward: Callable[[Tensor], Any]  # image -> coefficients, however the library arranges them
    inverse: Callable[[Any], Any]
    bands: Callable[[Any], list[Tensor]] | None  # coefficients -> list; None where there is nothing to differentiate


def run() -> list[dict[str, Any]]:
    """One row for each operation and each peer that is installed: name, ours_s, peer, peer_s, ratio."""
    with one_thread():
        image = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0))
        libraries = [_frugan(), *_installed(_pywavelets, _ptwt, _pytorch_wavelets)]
        for library in libraries:
            _check_round_trip(library, image)
        rows = []
        for name, task in {"forward": _forward, "inverse": _inverse, "forward + backward": _gradient}.items():
            able = [library for library in libraries if task is not _gradient or library.bands]
            rows += _compare(name, {library.name: task(library, image) for library in able})
        return rows


def main() -> None:
    print(f"{'':60}{'frugan':>10}{'peer':>10}{'ratio':>9}")
    for row in run():
        print(f"{row['name']:60}{row['ours_s']:9.4f}s{row['peer_s']:9.4f}s{row['ratio']:8.1f}x  {row['peer']}")


def _frugan() -> Library:
    def bands(coefficients: Any) -> list[Tensor]:
        TL, details = coefficients
        return [TL, *(band for level in details for band in level)]

    return Library(
        "frugan",
        forward=lambda image: wavedec2(image, LEVELS, WAVELET, "periodization"),
        inverse=lambda coefficients: waverec2(*coefficients, WAVELET, "periodization"),
        bands=bands,
    )


def _pywavelets() -> Library:
    import pywt

    return Library(
        "PyWavelets",
        forward=lambda image: pywt.wavedec2(image.numpy(), WAVELET, mode="periodization", level=LEVELS),
        inverse=lambda coefficients: pywt.waverec2(coefficients, WAVELET, mode="periodization"),
        bands=None,
    )


def _ptwt() -> Library:
    import ptwt
    import pywt

    wavelet = pywt.Wavelet(WAVELET)

    def bands(coefficients: Any) -> list[Tensor]:
        TL, *details = coefficients
        return [TL, *(band for level in details for band in level)]

    return Library(
        "ptwt",
        forward=lambda image: ptwt.wavedec2(image, wavelet, mode="periodic", level=LEVELS),
        inverse=lambda coefficients: ptwt.waverec2(coefficients, wavelet),
        bands=bands,
    )


def _pytorch_wavelets() -> Library:
    with warnings.catch_warnings(action="ignore"):
        from pytorch_wavelets import DWTForward, DWTInverse

    return Library(
        "pytorch_wavelets",
        forward=DWTForward(J=LEVELS, wave=WAVELET, mode="periodization"),
        inverse=DWTInverse(wave=WAVELET, mode="periodization"),
        bands=lambda coefficients: [coefficients[0], *coefficients[1]],
    )


def _installed(*loaders: Callable[[], Library]) -> list[Library]:
    libraries = []
    for load in loaders:
        try:
            libraries.append(load())
        except ImportError as error:
            # pytorch_wavelets 1.3.0 asks for pkg_resources, which setuptools 81 took away.
            print(f"skipped {load.__name__.strip('_')}: {error}; pip install 'frugan[bench]'")
    return libraries


def _check_round_trip(library: Library, image: Tensor) -> None:
    back = torch.as_tensor(library.inverse(library.forward(image)))
    if not torch.allclose(back, image, rtol=0, atol=1e-4):
        raise ValueError(f"{library.name} does not give the image back, so its speed means nothing")


def _forward(library: Library, image: Tensor) -> Task:
    return lambda: library.forward(image)


def _inverse(library: Library, image: Tensor) -> Task:
    coefficients = library.forward(image)
    return lambda: library.inverse(coefficients)


def _gradient(library: Library, image: Tensor) -> Task:
    assert library.bands is not None
    to_bands, leaf = library.bands, image.clone().requires_grad_()
    weights = [torch.rand_like(band) for band in to_bands(library.forward(image))]
    return lambda: torch.autograd.grad(to_bands(library.forward(leaf)), leaf, weights)


def _compare(name: str, tasks: dict[str, Task]) -> list[dict[str, Any]]:
    ours_s, *peers_s = paired_cpu_seconds(list(tasks.values()), ROUNDS)
    _, *peers = tasks
    return [
        {
            "name": f"{LEVELS} levels of {WAVELET}, {'x'.join(map(str, SHAPE))}, {name}",
            "ours_s": ours_s,
            "peer": peer,
            "peer_s": peer_s,
            "ratio": peer_s / ours_s,
        }
        for peer, peer_s in zip(peers, peers_s, strict=True)
    ]


if __name__ == "__main__":
    main()
