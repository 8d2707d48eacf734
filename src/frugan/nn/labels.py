"""Class labels, as every network takes or refuses them."""

import torch
from torch import Tensor, nn


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


def beside_class(z: Tensor, label: Tensor | None, embedding: nn.Embedding | None) -> Tensor:
    """z (N, D), and beside it the learned vector of the class (Mirza & Osindero 2014): (N, D + D').

    z alone without an embedding. Raises as `known_label`.
    """
    label = known_label(label, 0 if embedding is None else embedding.num_embeddings)
    return z if embedding is None else torch.cat([z, embedding(label)], dim=1)


def with_class_logits(logits: Tensor, features: Tensor, label: Tensor | None, embedding: nn.Embedding | None) -> Tensor:
    """Logits (N,) plus the mean of features (N, C, H, W) times a vector of the class (Miyato & Koyama 2018, Eq. 3).

    Logits alone without an embedding. Raises as `known_label`.
    """
    label = known_label(label, 0 if embedding is None else embedding.num_embeddings)
    return logits if embedding is None else logits + (features.mean((2, 3)) * embedding(label)).sum(dim=1)
