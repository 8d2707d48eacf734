"""Pictures in the page: lossless where that is cheap, smaller where it is not, and the same pictures as in the run."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from frugan.html.pictures import Picture, embed, show


def pixels_of(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2]))))


@pytest.fixture
def noise() -> np.ndarray:
    """Nothing compresses worse."""
    return np.random.RandomState(0).randint(0, 256, (96, 128, 3)).astype(np.uint8)


def test_what_fits_is_lossless(noise: np.ndarray) -> None:
    picture = embed(noise, 100_000)
    assert picture.uri.startswith("data:image/png;base64,")
    assert (picture.width, picture.height, picture.format) == (128, 96, "lossless PNG")
    assert np.array_equal(pixels_of(picture), noise)


@pytest.mark.parametrize(
    ("most_bytes", "words"), [(40_000, "JPEG, quality 90"), (8_000, "JPEG, quality 90, reduced to 1/2")]
)
def test_what_does_not_fit_is_reduced_and_says_so(noise: np.ndarray, most_bytes: int, words: str) -> None:
    picture = embed(noise, most_bytes)
    assert len(picture.uri) <= most_bytes
    assert picture.format == words
    assert pixels_of(picture).shape == (picture.height, picture.width, 3)


def test_an_impossible_allowance_still_gives_a_picture(noise: np.ndarray) -> None:
    assert pixels_of(embed(noise, 10)).size > 0


def test_shown_at_another_width_it_keeps_its_shape(noise: np.ndarray) -> None:
    shown = show(embed(noise, 100_000), 'a "quoted" <alt>', width=64)
    assert 'alt="a &quot;quoted&quot; &lt;alt&gt;" width="64" height="48"' in shown
