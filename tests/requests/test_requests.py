"""Requests check themselves, and their errors name the argument, also from another process."""

import pickle
from collections.abc import Callable

import pytest

import frugan
from frugan.requests.judging import enough_samples


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: frugan.Rendering(tile=0), "tile"),
        (lambda: frugan.Rendering(workers=0), "workers"),
        (lambda: frugan.Rendering(density=float("nan")), "density"),
        (lambda: frugan.Frame(fit="bogus"), "fit"),  # type: ignore[arg-type]
        (lambda: frugan.Frame(outside="bogus"), "outside"),  # type: ignore[arg-type]
        (lambda: frugan.Frame(size=(2**31, 1)), "size"),
        (lambda: frugan.Judge("bogus"), "features"),  # type: ignore[arg-type]
        (lambda: frugan.Sweeping(reject_by="bogus"), "reject_by"),  # type: ignore[arg-type]
        (lambda: frugan.Drawing([-1]), "seeds"),
        (lambda: frugan.Plan("noto-people", config="/dev/null", recipe="quickstart"), "config"),  # type: ignore[arg-type]
        (lambda: frugan.Plan("noto-people", channels=4, white=4095), "white"),
        (lambda: enough_samples(0, 1), "samples"),
    ],
)
def test_values_out_of_range_are_refused(make: Callable[[], object], argument: str) -> None:
    with pytest.raises(frugan.ArgumentError) as refused:
        make()
    assert refused.value.argument == argument
    sent: frugan.ArgumentError = pickle.loads(pickle.dumps(refused.value))
    assert (sent.argument, str(sent)) == (argument, str(refused.value))


def test_a_plan_by_another_name_is_explained() -> None:
    with pytest.raises(TypeError, match=r"frugan\.Plan\('noto-people'\)"):
        frugan.train("noto-people")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="several ints"):
        frugan.Drawing("0-3")  # type: ignore[arg-type]
