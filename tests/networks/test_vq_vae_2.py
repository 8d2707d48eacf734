"""VQ-VAE-2: its books against independent loops, the gradient that passes them, and what its code costs."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.networks.base import Autoencoder, count_parameters
from frugan.networks.vq_vae_2 import VQVAE2, Codebook, nearest


def tiny(codes: int = 16) -> VQVAE2:
    return VQVAE2(width=8, blocks=1, block_width=4, codes=codes, code_width=4)


def test_a_published_image_is_46080_bits_and_the_network_is_an_autoencoder() -> None:
    network = VQVAE2()
    assert isinstance(network, Autoencoder)
    assert network.code_bits(256, 256) == 32 * 32 * 9 + 64 * 64 * 9
    assert tiny(codes=17).code_bits(32, 64) == (4 * 8 + 8 * 16) * 5
    grids: list[tuple[int, ...]] = []
    for book in (network.top, network.bottom):
        book.register_forward_hook(lambda _, inputs, output: grids.append(tuple(inputs[0].shape)))
    image = torch.zeros(1, 3, 256, 256)
    assert network(image, image).shape == image.shape
    assert grids == [(1, 64, 32, 32), (1, 64, 64, 64)]


def parameters_by_hand(w: int, b: int, r: int, d: int) -> int:
    """Weights and biases, from the description of the network."""
    half, residual = w // 2, b * (9 * w * r + r + r * w + w)
    bottom = 16 * 3 * half + half + 16 * half * w + w + 9 * w * w + w + residual
    top = 16 * w * half + half + 9 * half * w + w + residual
    between = (w * d + d) + (9 * d * w + w + residual + 16 * w * d + d) + ((w + d) * d + d) + (16 * d * d + d)
    last = 9 * 2 * d * w + w + residual + 16 * w * half + half + 16 * half * 3 + 3
    return bottom + top + between + last


def test_parameters_are_those_of_the_description() -> None:
    assert count_parameters(VQVAE2()) == parameters_by_hand(128, 2, 32, 64)
    assert count_parameters(tiny()) == parameters_by_hand(8, 1, 4, 4)


def test_the_nearest_vectors_are_those_of_brute_force() -> None:
    rows, vectors = torch.randn(50, 6, dtype=torch.float64), torch.randn(20, 6, dtype=torch.float64)
    expected = [min(range(20), key=lambda k: float(np.sum((row - vectors.numpy()[k]) ** 2))) for row in rows.numpy()]
    assert nearest(rows, vectors).tolist() == expected
    book = Codebook(20, 6, decay=0.9, eps=0.0).double().eval()
    book.sums.copy_(vectors)
    z = rows.view(2, 25, 1, 6).movedim(-1, 1)
    chosen, distance = book(z)
    assert torch.allclose(chosen.movedim(1, -1).reshape(50, 6), vectors[expected], atol=1e-12)
    assert distance.item() == pytest.approx(float(((rows - vectors[expected]) ** 2).mean()))


def by_loops(z: np.ndarray, counts: np.ndarray, sums: np.ndarray, decay: float, eps: float) -> np.ndarray:
    """Van den Oord et al. 2017, appendix A.1, with Laplace smoothing: the vectors after a batch (B, P, D)."""
    size = len(counts)

    def vectors() -> np.ndarray:
        smooth = (counts + eps) / (counts.sum() + size * eps) * counts.sum()
        return np.stack([sums[k] / smooth[k] for k in range(size)])

    book, found, added = vectors(), np.zeros(size), np.zeros_like(sums)
    for row in z.reshape(-1, z.shape[-1]):
        k = int(np.argmin([((row - vector) ** 2).sum() for vector in book]))
        found[k] += 1
        added[k] += row
    counts[:] = decay * counts + (1 - decay) * found
    sums[:] = decay * sums + (1 - decay) * added
    return vectors()


@pytest.mark.parametrize("pieces", [1, 2])
def test_books_follow_the_published_moving_averages(pieces: int) -> None:
    """Ours are per image, theirs per batch: vectors are the same where eps is counted in the same unit."""
    torch.manual_seed(0)
    batch, eps = 4, 1e-2
    book = Codebook(8, 3, decay=0.9, eps=eps / batch).double()
    counts, sums = batch * book.counts.numpy().copy(), batch * book.sums.numpy().copy()
    for _ in range(5):
        z = torch.randn(batch, 3, 4, 5, dtype=torch.float64)
        expected = by_loops(z.movedim(1, -1).reshape(batch, 20, 3).numpy(), counts, sums, 0.9, eps)
        before = book.vectors()
        for piece in z.chunk(pieces):
            book(piece)
        assert torch.equal(book.vectors(), before)  # nothing moves before the step is over
        book.follow()
        assert np.allclose(book.vectors().numpy(), expected, atol=1e-12)
    book.eval()(z)
    assert book.pieces == 0
    assert set(book.state_dict()) == {"counts", "sums"}


def test_shares_of_a_batch_average_to_what_the_whole_batch_gives() -> None:
    """What processes do: each counts its share, and all buffers are averaged before the books move."""
    torch.manual_seed(0)
    whole, first, second = (Codebook(8, 3, decay=0.9, eps=1e-5).double() for _ in range(3))
    for book in (first, second):
        book.load_state_dict(whole.state_dict())
    z = torch.randn(4, 3, 6, 6, dtype=torch.float64)
    whole(z)
    first(z[:2])
    second(z[2:])
    for a, b in zip(first.buffers(), second.buffers(), strict=True):
        a.copy_((a + b) / 2)
    for book in (whole, first):
        book.follow()
    assert torch.allclose(first.vectors(), whole.vectors(), atol=1e-12)


def test_the_gradient_passes_straight_through_and_commitment_pulls_the_encoder_alone() -> None:
    book = Codebook(8, 3, decay=0.9, eps=1e-5).double()
    book.sums.normal_()
    z = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    chosen, distance = book(z)

    def loss(x: Tensor) -> Tensor:
        return (x.sin() * torch.arange(1.0, 97.0, dtype=torch.float64).view(2, 3, 4, 4)).sum()

    leaf = chosen.detach().requires_grad_()
    (through,) = torch.autograd.grad(loss(chosen), z, retain_graph=True)
    (direct,) = torch.autograd.grad(loss(leaf), leaf)
    assert torch.equal(through, direct)
    (pulled,) = torch.autograd.grad(distance, z)
    assert torch.allclose(pulled, 2 * (z - chosen).detach() / z.numel())


def test_books_are_looked_up_in_full_precision_under_bf16() -> None:
    torch.manual_seed(0)
    book, z = Codebook(16, 4, decay=0.9, eps=1e-5).eval(), torch.randn(2, 4, 8, 8)
    exact, _ = book(z)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = book(z)
    assert torch.equal(found, exact)


def test_reconstruction_gets_better_on_what_it_has_seen() -> None:
    torch.manual_seed(0)
    network, image = VQVAE2(width=16, blocks=1, block_width=8, codes=32, code_width=8), torch.rand(4, 3, 32, 32) * 2 - 1
    image = 4 * F.interpolate(F.avg_pool2d(image, 8), scale_factor=8, mode="bilinear")
    adam, errors = torch.optim.Adam(network.parameters(), lr=3e-3), []
    for _ in range(250):
        decoded, own = network.reconstruct(image)
        error = F.mse_loss(decoded, image)
        adam.zero_grad()
        (error + own).backward()
        adam.step()
        network.learn_codes()
        errors.append(error.item())
    assert all(p.grad is not None for p in network.parameters())
    assert errors[-1] < 0.4 * errors[0]
    assert errors[-1] < 0.5 * image.var(dim=(0, 2, 3)).mean().item()


def test_what_it_cannot_do_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="encodes whole images by itself, but was given codes of 8 x 8"):
        tiny()(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 32, 32))
    odd = torch.rand(1, 3, 13, 10)
    assert tiny()(odd, odd).shape == odd.shape
