"""The other step: a decoder learns to bring codes of real images back to full size. It never sees the sampler.

In the first phase it minimises an image loss. In a second one, if its configuration has an adversary, it minimises
another, and the adversarial loss of a discriminator that learns beside it (ESRGAN).
"""

import copy
import inspect
from functools import partial

import torch
from torch import Tensor, nn

from frugan.codecs.base import Codec
from frugan.config.schema import DecoderConfig, ScheduleConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import built
from frugan.networks.base import Autoencoder, Decoder, Discriminator, colours_of
from frugan.objectives.base import ImageLoss, Loss
from frugan.ops.draws import BatchDraws
from frugan.training.batch_norm import has_batch_norm, recalibrate
from frugan.training.ema import EMA
from frugan.training.frozen import frozen
from frugan.training.optimizer import AdamState, build_adam, learning_rate, set_learning_rate
from frugan.training.part import (
    ModuleState,
    Part,
    Stateful,
    StepValues,
    autocast,
    micro_batches,
    to_device,
)
from frugan.training.randomness import seed_for
from frugan.training.ranks import ALONE, Ranks

_CALIBRATION_IMAGES, _CALIBRATION_BATCH = 32, 8
_LEAST_CODE_SIDE = 32  # of UNet-W's packets


class DecoderPart(Part):
    """Decoder network, its optimizer and its average; the adversary of its second phase, if it has one."""

    name = "decoder"

    def __init__(
        self,
        config: DecoderConfig,
        codec: Codec,
        shape: ImageShape,
        seed: int,
        device: torch.device,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(config.schedule, codec, seed, device, ranks)
        torch.manual_seed(seed_for(seed, 0, "initialise decoder"))
        self.shape, self.code_size = shape, codec.code_shape(shape)[1:]
        if config.crop < 0:
            raise ValueError(f"decoder.crop: {config.crop} should be 0 or more")
        self.config, self.crop = config, min(config.crop, *self.code_size)
        self.draws = BatchDraws(ranks.rank, ranks.count)
        self.network: Decoder = to_device(config.network.build(**colours_of(shape.channels)), device)
        self._check_codes()
        self._check_size()
        self._check_noise()
        self.loss: ImageLoss = built(config.loss)
        self.optimizer = build_adam(self.network, config.optimizer)
        self.ema = EMA(self.network, config.schedule.ema_halflife, config.schedule.ema_rampup)
        crop = self.crop * codec.factor
        shown = ImageShape(shape.channels, *((crop, crop) if crop else self._whole()))
        self.adversary = _Adversary(config, shown, device) if config.adversary else None
        self.calibration: Tensor | None = None

    def _check_noise(self) -> None:
        most, assumed = self.config.code_noise, self.config.assumed_noise
        if self.network.told_noise and most <= 0:
            raise ValueError(
                "decoder.code_noise is 0, but this network expects noisy codes (told_noise=true). Set "
                "decoder.code_noise above 0, for example 0.1."
            )
        if assumed and not self.network.told_noise:
            raise ValueError(
                f"decoder.assumed_noise is {assumed:g}, but this network takes no noise level (told_noise=false). Set "
                "decoder.network.told_noise=true."
            )
        if not 0 <= assumed <= max(most, 0):
            raise ValueError(
                f"decoder.assumed_noise: must be from 0 to decoder.code_noise ({most:g}), got {assumed:g}."
            )

    def _check_codes(self) -> None:
        side, phase, (height, width) = self.network.code_side, self.network.phase, self.code_size
        # Other codes are filled up to what the network needs, at any setting.
        if side not in (0, height) and height == width and height % _LEAST_CODE_SIDE == 0:
            raise ValueError(
                f"decoder.network.code_side is {side}, but codes are {height} x {width}. Set "
                f"decoder.network.code_side={height} and decoder.loss.code_side={height} in a new run; "
                "runs of earlier versions at this size cannot be resumed."
            )
        known = inspect.signature(self.config.loss.target).parameters.get("code_side")
        of_loss = self.config.loss.arguments.get("code_side", known.default) if known else side
        if side and of_loss != side:
            raise ValueError(
                f"decoder.loss.code_side is {of_loss}, but the network's is {side}. Set decoder.loss.code_side={side}."
            )
        if phase not in (None, self.codec.phase):
            raise ValueError(
                f"decoder.network: it takes codes whose pixels sit in the {phase}, but those of "
                f"{self.codec.description} do not. Set decoder.network.reduction as the codec's."
            )

    @torch.no_grad()
    def _check_size(self) -> None:
        code = torch.zeros(1, self.shape.channels, *self.code_size, device=self.device)
        training = self.network.training
        self.network.eval()
        try:
            self.network(self.codec.decoder_input(code), self.codec.base(code))
        except (RuntimeError, ValueError) as error:
            height, width = self.code_size
            raise ValueError(
                f"decoder.network: it cannot make images of {self.shape.size_text} of codes of {height} x {width}; its "
                f"doublings must equal codec.levels ({str(error).splitlines()[0]})"
            ) from error
        self.network.train(training)
        if self.network.exact and not self._is_exact(code):
            raise ValueError(
                "decoder.network: it draws the details that bior2.2 drops, so the codec must be of bior2.2, with as "
                "many levels and the same boundary"
            )

    def _is_exact(self, code: Tensor) -> bool:
        """Whether any weights leave the code alone: a new network's draw nothing yet."""
        network = copy.deepcopy(self.network).eval()
        random = torch.Generator().manual_seed(0)
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=random).to(parameter))
        return bool((self.codec.encode(self.codec.decode(code, network, size=self._whole())) - code).abs().max() < 1e-3)

    def _whole(self) -> tuple[int, ...]:
        """Height and width of filled images, which have all of their codes' pixels."""
        return tuple(side * self.codec.factor for side in self.code_size)

    def step(self, images: Tensor, labels: Tensor, nimg: int) -> StepValues:
        torch.manual_seed(seed_for(self.seed, nimg, self.ranks.stream("decoder")))
        self.draws.seed(seed_for(self.seed, nimg, "decoder"))
        adversary, progress = self._phase(nimg)
        # Against an adversary, both rates take its course.
        course = self.config.adversary.optimizer if adversary and self.config.adversary else None
        set_learning_rate(self.optimizer, learning_rate(self.config.optimizer, progress, course))
        self.optimizer.zero_grad(set_to_none=True)
        losses, errors, pairs = [], [], []
        for original in micro_batches(self.codec.filled(images.to(self.device)), self.schedule):
            original = self._rotated(original) if self.config.rotate else original
            code = self.codec.encode(original)
            noise = self._draw_noise(code)
            code = code + noise[:, None, None, None] * self.draws.draw(partial(_normal, code), len(code))
            base, low = self.codec.base(code), self.codec.decoder_input(code)
            original, base, low = self._crop(original, base, low)
            with autocast(self.schedule, self.device):
                decoded, own_loss = self._decoded(low, base, original, noise)
                image_loss = adversary.image_loss if adversary else self.loss
                loss = image_loss(decoded.float(), original) + own_loss
                if adversary:
                    loss = loss + adversary.decoder_loss(decoded, original)
            (loss / self.schedule.accumulate).backward()
            losses.append(loss.detach())
            errors.append((decoded.detach() - original).square().mean())
            pairs.append((decoded.detach(), original))
        self.ranks.average_gradients(self.network)
        self.optimizer.step()
        values = {"decoder_loss": torch.stack(losses).mean(), "squared_error": torch.stack(errors).mean()}
        if self.adversary is not None:
            # Logged as 0 while the first phase lasts: every line of a log has the same entries.
            zero = torch.zeros((), device=self.device)
            values["adversary_loss"] = (
                self.adversary.step(pairs, progress, self.schedule, self.ranks) if adversary else zero
            )
        for network in self.networks().values():
            self.ranks.average_buffers(network)
        if isinstance(self.network, Autoencoder):
            self.network.learn_codes()
        batch = len(images) * self.ranks.count
        self.ema.update(self.network, nimg + batch, batch)
        return self.ranks.gather(values)

    def _decoded(self, low: Tensor, base: Tensor, original: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Images, and what the network adds to the loss."""
        if isinstance(self.network, Autoencoder):
            return self.network.reconstruct(low)
        return self.network(low, base, original, noise), low.new_zeros(())

    def _phase(self, nimg: int) -> tuple["_Adversary | None", float]:
        """The adversary if it is its turn, and how much of this phase is done; learning rates begin anew in each."""
        total = self.schedule.total_nimg
        if self.adversary is None or self.config.adversary is None:
            return None, nimg / total
        start = min(self.config.adversary.start_kimg * 1000, total)
        if nimg < start:
            return None, nimg / start
        return self.adversary, (nimg - start) / (total - start)

    def _rotated(self, images: Tensor) -> Tensor:
        """Each image by a random number of quarter turns, or half turns if sides are unequal; with mirrored ones, all
        orientations."""
        turns = self.draws.draw(lambda n: torch.randint(0, 4, (n,)), len(images))
        counts = (turns if images.shape[2] == images.shape[3] else 2 * turns).tolist()
        return torch.stack([image.rot90(count, dims=(1, 2)) for image, count in zip(images, counts, strict=True)])

    def _draw_noise(self, code: Tensor) -> Tensor:
        """Standard deviation of the noise on each code (N,)."""
        most = code.new_full(code.shape[:1], self.config.code_noise)
        if not self.network.told_noise:
            return most
        return most * self.draws.draw(lambda n: most.new_empty(n).uniform_(), len(code))

    def _crop(self, original: Tensor, base: Tensor, low: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same random window of code and image, so that small networks see more positions per second."""
        side, (height, width) = self.crop, self.code_size
        if side == 0 or side == height == width:
            return original, base, low

        def corner(n: int) -> Tensor:
            return torch.stack([torch.randint(0, length - side + 1, (1,)) for length in self.code_size]).expand(2, n)

        top, left = self.draws.draw(corner, len(low), axis=1)[:, 0].tolist()
        factor = self.codec.factor
        window = (..., slice(top, top + side), slice(left, left + side))
        large = (..., slice(top * factor, (top + side) * factor), slice(left * factor, (left + side) * factor))
        return original[large], base[large], low[window]

    def phases(self) -> list[int]:
        if self.config.adversary is None:
            return [0]
        return sorted({0, min(round(self.config.adversary.start_kimg * 1000), self.schedule.total_nimg)})

    def networks(self) -> dict[str, nn.Module]:
        networks: dict[str, nn.Module] = {"decoder": self.network}
        return networks | ({"discriminator": self.adversary.discriminator} if self.adversary else {})

    def measure(self, images: Tensor) -> dict[str, float]:
        self.calibration = images[:_CALIBRATION_IMAGES] if has_batch_norm(self.network) else None
        return {}

    def exported(self) -> nn.Module:
        if self.calibration is None:
            return self.ema.network
        network = copy.deepcopy(self.ema.network)
        calibrate(network, self.codec, self.calibration.to(self.device))
        return network

    def state(self) -> dict[str, Stateful]:
        return {
            "network": ModuleState(self.network),
            "ema": ModuleState(self.ema.network, self.network),
            "optimizer": AdamState(self.optimizer, self.network),
            **(self.adversary.state() if self.adversary else {}),
        }


def calibrate(network: Decoder, codec: Codec, images: Tensor) -> None:
    """Gather the running statistics of a decoder's batch norms on real images, which it decodes from their codes."""
    batches = images[:_CALIBRATION_IMAGES].split(_CALIBRATION_BATCH)
    recalibrate(network, lambda batch: codec.decode(codec.encode(batch), network, size=batch.shape[2:]), batches)


def _normal(code: Tensor, rows: int) -> Tensor:
    return code.new_empty(rows, *code.shape[1:]).normal_()


class _Adversary:
    """The discriminator of the second phase, its loss and its optimizer."""

    def __init__(self, config: DecoderConfig, shape: ImageShape, device: torch.device) -> None:
        assert config.adversary is not None
        self.config = config.adversary
        self.discriminator: Discriminator = to_device(self.config.discriminator.build(code_shape=tuple(shape)), device)
        self.loss: Loss = built(self.config.loss)
        self.image_loss: ImageLoss = built(self.config.image_loss)
        self.optimizer = build_adam(self.discriminator, self.config.optimizer)

    def decoder_loss(self, decoded: Tensor, original: Tensor) -> Tensor:
        """What the decoder minimises; leaves no gradient in the discriminator."""
        with frozen(self.discriminator):
            with torch.no_grad():
                real_logits = self.discriminator(original)
            return self.config.weight * self.loss(real_logits, self.discriminator(decoded))[1].mean()

    def step(
        self, pairs: list[tuple[Tensor, Tensor]], progress: float, schedule: ScheduleConfig, ranks: Ranks
    ) -> Tensor:
        """Update the discriminator on pairs of decoded and original images."""
        set_learning_rate(self.optimizer, learning_rate(self.config.optimizer, progress))
        self.optimizer.zero_grad(set_to_none=True)
        losses = []
        for decoded, original in pairs:
            with autocast(schedule, original.device):
                loss = self.loss(self.discriminator(original), self.discriminator(decoded))[0].mean()
            (loss / len(pairs)).backward()
            losses.append(loss.detach())
        ranks.average_gradients(self.discriminator)
        self.optimizer.step()
        return torch.stack(losses).mean()

    def state(self) -> dict[str, Stateful]:
        """What is saved with the run."""
        return {
            "discriminator": ModuleState(self.discriminator),
            "discriminator_optimizer": AdamState(self.optimizer, self.discriminator),
        }
