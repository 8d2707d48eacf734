"""VQ-VAE-2 of two levels (Razavi, van den Oord & Vinyals 2019), without its prior, to compare decoders with.

An image of 256 px becomes 32 x 32 and 64 x 64 indices into two books of 512 vectors, 46,080 bits. The books are not
trained by gradients: each vector follows the mean of what is nearest to it (van den Oord et al. 2017, appendix A.1).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Decoder
from frugan.ops.borders import cut_to, filled_to

_BOTTOM, _TOP = 4, 8  # how many times smaller than the image the indices' grids are


class VQVAE2(Decoder):
    """Images -> images, through indices. It needs the codec IdentityCodec, which hands it the image itself.

    Args:
        width: channels of the encoders and decoders; 128 in the paper.
        blocks: residual blocks of each; 2 in the paper.
        block_width: channels inside a residual block; 32, as in van den Oord et al. 2017.
        codes: vectors of each book; 512 in the paper.
        code_width: their dimension; 64 in the paper.
        commitment: weight of the encoder's squared distance to its vectors; .25 in the paper.
        decay: how much of a vector's moving average a step keeps; .99 in van den Oord et al. 2017.
        colours: channels of images.
        eps: added to each vector's count of uses, per image, so that none is divided by zero; 1e-5.
    """

    halo = None  # the grid of indices is tied to the image's corner

    def __init__(
        self,
        width: int = 128,
        blocks: int = 2,
        block_width: int = 32,
        codes: int = 512,
        code_width: int = 64,
        commitment: float = 0.25,
        decay: float = 0.99,
        eps: float = 1e-5,
        colours: int = 3,
    ) -> None:
        super().__init__()
        self.commitment, half = commitment, width // 2

        def residual() -> list[nn.Module]:
            return [*(_ResidualBlock(width, block_width) for _ in range(blocks)), nn.ReLU()]

        self.encode_bottom = nn.Sequential(
            _halving(colours, half),
            nn.ReLU(),
            _halving(half, width),
            nn.ReLU(),
            _convolution(width, width),
            *residual(),
        )
        self.encode_top = nn.Sequential(_halving(width, half), nn.ReLU(), _convolution(half, width), *residual())
        self.to_top = nn.Conv2d(width, code_width, 1)
        self.top = Codebook(codes, code_width, decay, eps)
        self.decode_top = nn.Sequential(_convolution(code_width, width), *residual(), _doubling(width, code_width))
        self.to_bottom = nn.Conv2d(width + code_width, code_width, 1)
        self.bottom = Codebook(codes, code_width, decay, eps)
        self.enlarge_top = _doubling(code_width, code_width)
        self.decode = nn.Sequential(
            _convolution(2 * code_width, width),
            *residual(),
            _doubling(width, half),
            nn.ReLU(),
            _doubling(half, colours),
        )

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        if low.shape != base.shape:
            raise ValueError(
                f"VQ-VAE-2 encodes whole images by itself, but was given codes of {low.shape[-2]} x {low.shape[-1]}. "
                "Set codec={class: frugan.codecs.identity.IdentityCodec}"
            )
        return self.reconstruct(low)[0]

    def reconstruct(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) -> the same, decoded from their indices, and the commitment term of the loss.

        Sides that are no multiples of 8 are mirrored at their ends, up to the next.
        """
        height, width = image.shape[-2:]
        h = self.encode_bottom(filled_to(image, -(-height // _TOP) * _TOP, -(-width // _TOP) * _TOP))
        top, top_distance = self.top(self.to_top(self.encode_top(h)))
        bottom, bottom_distance = self.bottom(self.to_bottom(torch.cat([self.decode_top(top), h], dim=1)))
        decoded = self.decode(torch.cat([self.enlarge_top(top), bottom], dim=1))
        return cut_to(decoded, height, width), self.commitment * (top_distance + bottom_distance)

    def learn_codes(self) -> None:
        """Move the books to what the batch was encoded to."""
        self.top.follow()
        self.bottom.follow()

    def code_bits(self, height: int, width: int) -> int:
        """Size of an image's code: two grids of indices."""
        tops = -(-height // _TOP) * -(-width // _TOP)
        places = tops * (1 + (_TOP // _BOTTOM) ** 2)
        return places * (self.top.size - 1).bit_length()


class Codebook(nn.Module):
    """Vectors, each the moving average of what is nearest to it, divided by the moving average of how much that is.

    Both averages are per image, so that they do not depend on how a batch is shared by processes or split in pieces;
    the paper's are per batch, which changes nothing but the unit of `eps`.
    """

    def __init__(self, size: int, width: int, decay: float, eps: float) -> None:
        super().__init__()
        self.size, self.decay, self.eps = size, decay, eps
        self.counts: Tensor
        self.sums: Tensor
        self.register_buffer("counts", torch.ones(size))
        self.register_buffer("sums", torch.randn(size, width) / size)  # close to each other, as encodings are at first
        # Of this batch: what `follow` takes in. Never left over between steps, so never saved.
        self.batch_counts: Tensor
        self.batch_sums: Tensor
        self.pieces: Tensor
        self.register_buffer("batch_counts", torch.zeros(size), persistent=False)
        self.register_buffer("batch_sums", torch.zeros(size, width), persistent=False)
        self.register_buffer("pieces", torch.zeros(()), persistent=False)

    def vectors(self) -> Tensor:
        """(size, width)."""
        total = self.counts.sum()
        smooth = (self.counts + self.eps) / (total + self.size * self.eps) * total
        return self.sums / smooth[:, None]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """(N, width, H, W) -> the nearest vectors, whose gradient is handed on to z; and z's mean squared distance."""
        with torch.autocast(z.device.type, enabled=False):
            z = z.to(self.counts.dtype)
            rows = z.movedim(1, -1).flatten(0, -2)
            vectors = self.vectors()
            index = nearest(rows.detach(), vectors)
            if self.training:
                self._count(rows.detach(), index, len(z))
            chosen = vectors[index].view(*z.shape[:1], *z.shape[2:], -1).movedim(-1, 1)
            return z + (chosen - z).detach(), F.mse_loss(z, chosen)

    @torch.no_grad()
    def _count(self, rows: Tensor, index: Tensor, images: int) -> None:
        used = F.one_hot(index, self.size).to(rows)
        self.batch_counts += used.sum(dim=0) / images
        self.batch_sums += used.T @ rows / images
        self.pieces += 1

    @torch.no_grad()
    def follow(self) -> None:
        """One step of the moving averages, towards the pieces of the batch that `forward` has seen in training."""
        self.counts.lerp_(self.batch_counts / self.pieces, 1 - self.decay)
        self.sums.lerp_(self.batch_sums / self.pieces, 1 - self.decay)
        for seen in (self.batch_counts, self.batch_sums, self.pieces):
            seen.zero_()


def nearest(rows: Tensor, vectors: Tensor) -> Tensor:
    """Index (P,) of the vector (K, D) that is nearest to each row (P, D)."""
    return (vectors.square().sum(dim=1) - 2 * rows @ vectors.T).argmin(dim=1)


class _ResidualBlock(nn.Module):
    """x + the convolutions of ReLU, 3 x 3, ReLU, 1 x 1."""

    def __init__(self, width: int, inside: int) -> None:
        super().__init__()
        self.spread = _convolution(width, inside)
        self.leave = nn.Conv2d(inside, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.leave(F.relu(self.spread(F.relu(x))))


def _convolution(channels_in: int, channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels, 3, padding=1)


def _halving(channels_in: int, channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels, 4, stride=2, padding=1)


def _doubling(channels_in: int, channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels_in, channels, 4, stride=2, padding=1)
