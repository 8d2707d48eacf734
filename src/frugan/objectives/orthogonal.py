"""Orthogonal regularisation of a generator's weights (BigGAN, section 3.1), of type `base.GeneratorPenalty`."""

import torch
from torch import Tensor, nn

from frugan.objectives.base import TwoStageGenerator


def orthogonal(generator: TwoStageGenerator, z: Tensor, label: Tensor | None = None) -> Tensor:
    """1/2 ||W W^T * (1 - I)||^2 over all weights W, their first axis against the rest: filters should not be alike.

    With weight beta its gradient is 2 beta (W W^T * (1 - I)) W. Norms are left free; embeddings of labels are left out.
    BigGAN uses beta = 1e-4 so that truncation works; BigGAN-deep does without.
    """
    embedded = {id(p) for m in generator.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    total = z.new_zeros(())
    for weight in generator.parameters():
        if weight.ndim > 1 and id(weight) not in embedded:
            matrix = weight.flatten(1)
            products = matrix @ matrix.T
            total = total + 0.5 * (products - torch.diag(products.diagonal())).square().sum()
    return total
