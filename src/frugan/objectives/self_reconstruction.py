"""A discriminator that reconstructs what it sees (FastGAN, section 3.2), of type `base.Penalty`."""

import torch
from torch import Tensor

from frugan.objectives.base import Critic, ImageLoss, ReconstructingCritic
from frugan.objectives.reconstruction import l1


def self_reconstruction(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    real_logits: Tensor,
    fake_logits: Tensor,
    distance: ImageLoss = l1,
) -> Tensor:
    """The sum of the distances between real codes and what the discriminator's decoders make of its features (Eq. 2).

    Its features must hold whole images then, not only what tells the training set from what is generated. It costs one
    more forward pass over the reals: their logits alone are at hand.

    Args:
        distance: of codes; LPIPS in the paper. L1 is cheap, and codes need not be pictures that a judge of photos
            knows; `objectives.perceptual` has such.

    Raises:
        ValueError: the discriminator has no decoders.
    """
    if not isinstance(critic, ReconstructingCritic):
        raise ValueError("self-reconstruction: this critic has no decoders; take FastGAN's, or leave the penalty out")
    pairs = critic.reconstructions(real.detach())
    return torch.stack([distance(decoded, wanted.detach()) for decoded, wanted in pairs]).sum()
