"""Inception score (Salimans et al. 2016): how sure a classifier is of each picture, and how varied its answers are."""

import torch
from torch import Tensor


def inception_score(probabilities: Tensor, splits: int = 10) -> tuple[float, float]:
    """Mean and standard deviation over splits of exp(E KL(p(y|x) || p(y))), from class probabilities (N, classes).

    Pictures are shuffled first, always alike: in the order of their classes, each split would see a few of them only,
    and the score would be too low.

    Raises:
        ValueError: fewer than two pictures a split.
    """
    count = len(probabilities)
    if count < 2 * splits:
        raise ValueError(f"an inception score of {splits} splits needs at least {2 * splits} pictures, got {count}")
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    scores = []
    for part in probabilities.detach().cpu().double()[order].chunk(splits):
        mean = part.mean(dim=0, keepdim=True)
        divergence = torch.xlogy(part, part) - torch.xlogy(part, mean)
        scores.append(divergence.sum(dim=1).mean().exp())
    stacked = torch.stack(scores)
    return stacked.mean().item(), stacked.std(correction=0).item()
