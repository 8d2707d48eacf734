"""Class labels, as every network takes or refuses them."""

from torch import Tensor


def known_label(label: Tensor | None, classes: int) -> Tensor | None:
    """The label (N,) of a network that knows so many classes; None for one that knows none.

    Raises:
        ValueError: a label where none is expected, or none where one is.
    """
    if classes and label is None:
        raise ValueError("this network is class-conditional: it takes a label for every image")
    if not classes and label is not None:
        raise ValueError("this network is not class-conditional; it takes no label")
    return label
