"""Directions among latents that change pictures most, without training.

With styles: the closed form of SeFa (Shen & Zhou 2021, equation 7), eigenvectors of A'A for the maps A from a style to
the modulations of the first layers. Without: principal components of what the first layer makes of latents, and the
latents that they belong to (GANSpace, Harkonen et al. 2020, section 2.2).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from frugan.model.model import Model
from frugan.networks.base import Generator, StyledGenerator
from frugan.nn.equalized import EqualizedLinear
from frugan.requests.inverting import Exploring
from frugan.system.errors import UserError

_SAMPLES = 10_000  # as StyleGAN2's projector, for the spread of styles
_FEWEST, _EACH = 512, 4  # ours: latents that the first layer is shown, and for each of their dimensions
_BATCH = 64


def find_directions(model: Model, exploring: Exploring) -> tuple[Tensor, str]:
    """Directions (K, ...) of which 1 is one standard deviation of the model's styles, most effective first; and how
    they were found. The same seed gives the same ones, on the same machine.

    Raises:
        UserError: a generator whose layers cannot be looked into.
    """
    generator = model.generator
    if isinstance(generator, StyledGenerator):
        return _factorised(generator, model, exploring)
    return _components(generator, model, exploring)


@torch.no_grad()
def _factorised(generator: StyledGenerator, model: Model, exploring: Exploring) -> tuple[Tensor, str]:
    maps = _modulations(model)[: exploring.layers]
    if not maps:
        raise UserError(f"{type(generator).__name__}: it has no layers that styles modulate. Use another model.")
    joined = torch.cat([matrix for _, matrix in maps]).double()
    _, eigenvectors = torch.linalg.eigh(joined.T @ joined)
    unit = _signed(eigenvectors.flip(1).T[: exploring.count]).float()  # rising eigenvalues -> the largest first
    moved = sorted({layer for layer, _ in maps})
    styles = _drawn_styles(model, exploring.seed)[:, moved[0]]
    unit = unit * (styles @ unit.T).std(dim=0)[:, None]
    vectors = unit.new_zeros(len(unit), generator.num_styles, unit.shape[1])
    vectors[:, moved] = unit[:, None]
    return vectors, f"closed-form factorisation of the first {len(maps)} modulated layers (SeFa, Shen & Zhou 2021)"


def _modulations(model: Model) -> list[tuple[int, Tensor]]:
    """Of each layer in the order in which they draw: the number of its style, and the map (modulations, style_dim).

    Each style is filled with its own number, so that what a layer is given tells which one it reads.
    """
    found: list[tuple[int, Tensor]] = []
    like = model.styles([0])
    styles = torch.arange(like.shape[1], device=like.device)[None, :, None].expand_as(like).to(like)

    def look(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, EqualizedLinear)
        numbers = given[0].unique()
        if len(numbers) == 1 and given[0].shape[-1] == like.shape[2]:
            found.append((int(numbers), layer.weight * layer.gain))

    with _hooked(model.generator, lambda module: isinstance(module, EqualizedLinear), look):
        model.generator.synthesis(styles)
    return found


@torch.no_grad()
def _components(generator: Generator, model: Model, exploring: Exploring) -> tuple[Tensor, str]:
    first: list[Tensor] = []

    def look(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        first.append(made.flatten(1))

    layer = _first_layer(model)
    latents = _drawn_styles(model, exploring.seed)[: max(_FEWEST, _EACH * generator.latent_dim)]
    with _after(layer, look):
        for piece in latents.split(_BATCH):
            generator.synthesis(piece)
    activations, latents = torch.cat(first).double(), latents.double()
    activations, latents = activations - activations.mean(dim=0), latents - latents.mean(dim=0)
    # The components' coordinates by the products of samples: a layer may have far more numbers than there are samples.
    _, coordinates = torch.linalg.eigh(activations @ activations.T)
    count = min(exploring.count, generator.latent_dim, activations.shape[1])
    unit = coordinates.flip(1)[:, :count] * (len(latents) - 1) ** 0.5  # each of one standard deviation
    # Least squares: the latents that these coordinates explain best, for they are orthogonal.
    vectors = unit.T @ latents / (len(latents) - 1)
    return _signed(vectors).float(), "principal components of the first layer (GANSpace, Harkonen et al. 2020)"


@torch.no_grad()
def _first_layer(model: Model) -> nn.Module:
    """The layer with weights that is computed first of those that draw."""
    order: list[nn.Module] = []

    def look(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        order.append(layer)

    def is_layer(module: nn.Module) -> bool:
        return not any(module.children()) and any(True for _ in module.parameters())

    styles = model.styles([0])  # drawn before anybody looks: layers of the mapping draw no picture
    with _hooked(model.generator, is_layer, look):
        model.generator.synthesis(styles)
    if not order:
        raise UserError(f"{type(model.generator).__name__}: it has no layers of its own. Use another model.")
    return order[0]


@contextmanager
def _hooked(
    generator: nn.Module, wanted: Callable[[nn.Module], bool], look: Callable[[nn.Module, tuple[Tensor, ...]], None]
) -> Iterator[None]:
    handles = [module.register_forward_pre_hook(look) for module in generator.modules() if wanted(module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _after(layer: nn.Module, look: Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]) -> Iterator[None]:
    handle = layer.register_forward_hook(look)
    try:
        yield
    finally:
        handle.remove()


def _drawn_styles(model: Model, seed: int) -> Tensor:
    """Styles of latents that stand for all; of the first class, if there are any."""
    z = torch.randn(_SAMPLES, model.generator.latent_dim, generator=torch.Generator().manual_seed(seed))
    labels = torch.zeros(len(z), dtype=torch.long, device=model.device) if model.generator.classes else None
    return model.generator.truncated_mapping(z.to(model.device), labels)


def _signed(vectors: Tensor) -> Tensor:
    """(K, ...), each with its largest number above 0: eigenvectors have no sign of their own."""
    flat = vectors.flatten(1)
    largest = flat.gather(1, flat.abs().argmax(dim=1, keepdim=True))
    return vectors * largest.sign().view(-1, *[1] * (vectors.dim() - 1))
