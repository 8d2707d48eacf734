"""Distances between an image and its reconstruction, per image. Images are (N, C, H, W) in [-1, 1]; results (N,)."""

import torch
from torch import Tensor
from torch.nn import functional as F

# Wang et al. 2004, section III-C: the window, and the constants that keep flat regions stable.
_WINDOW, _WINDOW_SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


def squared_error(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared error as if images were in [0, 1]: the convention of not-so-big-GAN's table 3."""
    return (a.double() - b.double()).square().mean(dim=(1, 2, 3)) / 4


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB. Equal images give 100 dB."""
    return -10 * torch.log10(squared_error(a, b).clamp(min=1e-10))


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004, equation 13): 1 for equal images; mean over places and channels.

    Gaussian windows of 11 x 11 pixels, only where they lie inside the image.

    Raises:
        ValueError: the images are smaller than a window.
    """
    if min(a.shape[-2:]) < _WINDOW:
        raise ValueError(f"ssim: images of {a.shape[-2]} x {a.shape[-1]} are smaller than the window of {_WINDOW}")
    x, y = (image.double() for image in (a, b))
    mean_x, mean_y = _windowed(x), _windowed(y)
    variance_x, variance_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    c1, c2 = (2 * _K1) ** 2, (2 * _K2) ** 2  # the range of values is 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return (luminance * structure).mean(dim=(1, 2, 3))


def _windowed(image: Tensor) -> Tensor:
    """Means under the Gaussian window, along one axis and then the other."""
    distance = torch.arange(_WINDOW, dtype=image.dtype, device=image.device) - _WINDOW // 2
    taps = torch.exp(-0.5 * (distance / _WINDOW_SIGMA) ** 2)
    kernel = (taps / taps.sum()).expand(image.shape[1], 1, _WINDOW)
    image = F.conv2d(image, kernel.unsqueeze(-1), groups=image.shape[1])
    return F.conv2d(image, kernel.unsqueeze(-2), groups=image.shape[1])
