"""The step of a GAN in code space: `codec.encode -> [critic = D . stabilizer] -> objective -> optimizers -> EMA`.

This is the one place where codec, stabilizer, objective and networks meet; each is an object passed in, and none knows
the others.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.utils import parametrize

from frugan.codecs.base import Codec
from frugan.config.schema import SamplerConfig
from frugan.config.shape import ImageShape
from frugan.networks.base import Discriminator, Generator
from frugan.objectives.base import Loss
from frugan.ops.draws import BatchDraws
from frugan.ops.grid import Grid, stretched_grid
from frugan.stabilizers.base import Stabilizer
from frugan.system.bounds import WEIGHTS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded
from frugan.training.batch import Batch, LazyPenalty, lazy_penalty
from frugan.training.batch_norm import with_standing_statistics
from frugan.training.critic import LabelledCritic
from frugan.training.ema import EMA
from frugan.training.frozen import frozen
from frugan.training.optimizer import AdamState, build_adam, corrected, learning_rate, set_learning_rate
from frugan.training.part import (
    ModuleState,
    Part,
    Stateful,
    StepValues,
    autocast,
    to_device,
    under_prefix,
)
from frugan.training.patch_phase import PatchPhase, PatchSource
from frugan.training.randomness import draw_latents, seed_for
from frugan.training.ranks import ALONE, Ranks
from frugan.training.windows import draw_window, window_of

Pair = tuple[Tensor, Tensor]  # of real and of fake images


class GANPart(Part):
    """Generator, discriminator, their optimizers and the averaged generator."""

    name = "sampler"

    def __init__(
        self,
        config: SamplerConfig,
        codec: Codec,
        shape: ImageShape,
        seed: int,
        device: torch.device,
        ranks: Ranks = ALONE,
        patches: PatchSource | None = None,
        aspect_of: Callable[[int], float] | None = None,
    ) -> None:
        super().__init__(config.schedule, codec, seed, device, ranks)
        torch.manual_seed(seed_for(seed, 0, "initialise sampler"))
        code_shape = codec.code_shape(shape)
        self.config = config
        self.generator: Generator = to_device(config.generator.build(code_shape=code_shape), device)
        self.discriminator: Discriminator = to_device(config.discriminator.build(code_shape=code_shape), device)
        self.generator.share(ranks.count)
        if self.generator.classes != self.discriminator.classes:
            raise ValueError(
                f"sampler: the generator knows {self.generator.classes} classes, the discriminator "
                f"{self.discriminator.classes}; both must know the same"
            )
        if config.smallest_window < 1 and not (self.generator.any_grid or self.generator.even_grid):
            raise ValueError(
                f"smallest_window: {type(self.generator).__name__} draws whole pictures alone; windows need a "
                "generator of coordinates, such as CREPS"
            )
        if aspect_of and not self.generator.any_grid:
            raise ValueError(
                f"fit: {type(self.generator).__name__} draws one shape alone; aspect-buckets need a generator of "
                "coordinates, such as CREPS. Use crop, stretch or pad"
            )
        self.aspect_of = aspect_of
        self.stabilizer: Stabilizer = config.stabilizer.build().to(device)
        self.stabilizer.share(BatchDraws(ranks.rank, ranks.count, self.stabilizer.num_filtered))
        self.loss: Loss = config.loss.partial()
        self.penalties = [lazy_penalty(config, self.stabilizer) for config in config.penalties]
        self.generator_penalties = [lazy_penalty(config, self.stabilizer) for config in config.generator_penalties]
        kept = [p.penalty for p in self.generator_penalties if isinstance(p.penalty, nn.Module)]
        self.generator_penalty_state = nn.ModuleList(kept).to(device)
        self.generator_adam = corrected(config.generator_optimizer, config.generator_penalties)
        self.discriminator_adam = corrected(config.discriminator_optimizer, config.penalties)
        self.generator_optimizer = build_adam(self.generator, self.generator_adam)
        self.discriminator_optimizer = build_adam(self.discriminator, self.discriminator_adam)
        self.ema = EMA(self.generator, config.schedule.ema_halflife, config.schedule.ema_rampup)
        self.patch_phase = PatchPhase(config, self.generator, shape, seed, patches) if config.patches else None

    def begin(self) -> None:
        if not self.config.initial:
            return
        try:
            weights = load(read_bounded(Path(self.config.initial), WEIGHTS))
            for network in (self.generator, self.ema.network):
                network.adopt(under_prefix("generator", weights))
            learned = under_prefix("discriminator", weights)
            if learned:
                self.discriminator.adopt(learned)
        except (OSError, SafetensorError, RuntimeError) as error:
            raise UserError(f"sampler.initial: {self.config.initial}: {error}") from error

    def phases(self) -> list[int]:
        return [0] if self.patch_phase is None else sorted({0, self.patch_phase.start_nimg})

    @torch.no_grad()
    def measure(self, images: Tensor) -> dict[str, float]:
        return self.stabilizer.fit(self.codec.encode(images.to(self.device)))

    def step(self, images: Tensor, labels: Tensor, nimg: int) -> StepValues:
        progress = nimg / self.schedule.total_nimg
        # One seed a step makes every draw below (stabilizer noise, dropout) a function of (seed, nimg).
        torch.manual_seed(seed_for(self.seed, nimg, self.ranks.stream("sampler")))
        self.stabilizer.draws.seed(seed_for(self.seed, nimg, "sampler"))
        self.stabilizer.schedule(progress)
        if self.patch_phase and self.patch_phase.begins_at(nimg, len(images) * self.ranks.count):
            # From here on, the average of what was learned on whole pictures learns, and teaches.
            self.generator.load_state_dict(self.ema.network.state_dict())
            self.patch_phase.teach_with(self.ema.network)
        batch = self._batch(images, labels, nimg)

        # Update D: reals up, fakes down, plus the penalties that are due.
        set_learning_rate(self.discriminator_optimizer, learning_rate(self.discriminator_adam, progress))
        values, real_logits = self._update_discriminator(batch)
        values = self.ranks.gather(values)
        self.stabilizer.observe(self._unfiltered(values["real_logits"]), batch.size)

        # Update G against the D just updated.
        set_learning_rate(self.generator_optimizer, learning_rate(self.generator_adam, progress))
        values |= self.ranks.gather(self._update_generator(batch, real_logits))

        # Average G.
        for network in (self.generator, self.discriminator, self.generator_penalty_state):
            self.ranks.average_buffers(network)
        self.ema.update(self.generator, nimg + batch.size, batch.size)
        return values | {f"stabilizer_{name}": torch.tensor(v) for name, v in self.stabilizer.strengths().items()}

    def _batch(self, images: Tensor, labels: Tensor, nimg: int) -> Batch:
        size = len(images) * self.ranks.count
        grid = self._draw_grid(nimg)
        own = self.patch_phase.look(nimg, self.held(size).numpy()) if self.patch_phase else None
        if own is not None:
            images, grid = own
        codes = self.codec.encode(images.to(self.device))
        if grid is not None and own is None:
            codes = window_of(codes, grid)
        if self.aspect_of:  # all of this step have that shape, and were stretched; what is generated is as well
            grid = stretched_grid(*self.generator.code_shape[1:], self.aspect_of(nimg))
        return Batch(
            codes=codes,
            # What is generated has the classes of the real images, so that both sides show each equally often.
            labels=labels.to(self.device) if self.generator.classes else None,
            grid=grid,
            nimg=nimg,
            size=size,
        )

    def _update_discriminator(self, batch: Batch) -> tuple[StepValues, Tensor]:
        """Values to log, and D's logits on this rank's reals (N,)."""
        self.discriminator_optimizer.zero_grad(set_to_none=True)
        latents = self._latents("discriminator", batch)
        due = [penalty for penalty in self.penalties if penalty.is_due(batch.step)]
        at_image = any(penalty.at_image for penalty in due)
        reals, fakes, losses, penalties = [], [], [], []
        for code, z, label, grid in batch.pieces(batch.codes, latents, self.schedule.accumulate):
            critic = self._critic(label, len(code))
            with autocast(self.schedule, self.device):
                with torch.no_grad():
                    fake_code = self.generator(z, label, grid)
                images = code.detach().requires_grad_(at_image), fake_code.detach().requires_grad_(at_image)
                seen_real, seen_fake = (self._shown(image, bool(due)) for image in images)
                # Both see the same weights: where they are normalised, that is done once.
                with parametrize.cached():
                    real_logits, fake_logits = critic(seen_real), critic(seen_fake)
                loss = self.loss(real_logits, fake_logits)[0].mean()
            penalty = self._penalty(due, critic, images, (seen_real, seen_fake), (real_logits, fake_logits))
            ((loss + penalty) / self.schedule.accumulate).backward()
            reals.append(real_logits.detach().float())
            fakes.append(fake_logits.detach().float())
            losses.append(loss.detach())
            penalties.append(penalty.detach())
        self.ranks.average_gradients(self.discriminator)
        self.discriminator_optimizer.step()
        values = {"discriminator_loss": torch.stack(losses).mean(), "penalty": torch.stack(penalties).mean()}
        return values | self._by_filter("real_logits", reals) | self._by_filter("fake_logits", fakes), torch.cat(reals)

    def _shown(self, image: Tensor, differentiate: bool) -> Tensor:
        """What D sees of an image; of one that takes no gradient, a leaf that takes one itself."""
        seen: Tensor = self.stabilizer(image)
        return seen if image.requires_grad else seen.detach().requires_grad_(differentiate)

    def _penalty(
        self, due: list[LazyPenalty], critic: LabelledCritic, images: Pair, seen: Pair, logits: Pair
    ) -> Tensor:
        """Always in float32: under bf16, gradients of gradients would lose what they are taken for."""
        total = torch.zeros((), device=self.device)
        if due and self.schedule.bf16:
            if images[0].requires_grad:  # through the stabilizer, which augments anew
                images = images[0].detach().float().requires_grad_(), images[1].detach().float().requires_grad_()
                seen = self._shown(images[0], True), self._shown(images[1], True)
            else:
                seen = seen[0].detach().float().requires_grad_(), seen[1].detach().float().requires_grad_()
            logits = critic(seen[0]), critic(seen[1])
        for term in due:
            points = images if term.at_image else seen
            total = total + term(critic.behind(self.stabilizer) if term.at_image else critic, *points, *logits)
        return total

    def _by_filter(self, name: str, pieces: list[Tensor]) -> StepValues:
        """Logits (N,), and apart from each other those of codes that the stabilizer filtered and of the others."""
        count = self.stabilizer.num_filtered(len(pieces[0]))
        values = {name: torch.cat(pieces)}
        if 0 < count < len(pieces[0]):
            values[f"{name}_filtered"] = torch.cat([piece[:count] for piece in pieces])
            values[f"{name}_clean"] = torch.cat([piece[count:] for piece in pieces])
        return values

    def _unfiltered(self, real_logits: Tensor) -> Tensor:
        """Of all ranks' logits on reals (M,), those not filtered; all of them where the stabilizer filters all or none.

        They lie as they were made: rank by rank, and there in the equal pieces of `micro_batches`.
        """
        pieces = real_logits.unflatten(0, (self.ranks.count * self.schedule.accumulate, -1))
        rows = pieces.shape[1]
        count = self.stabilizer.num_filtered(rows)
        return pieces[:, count:].flatten() if 0 < count < rows else real_logits

    def _update_generator(self, batch: Batch, real_logits: Tensor) -> StepValues:
        """`real_logits` (for losses that compare) are those of D's update: one update old, a forward pass saved."""
        self.generator_optimizer.zero_grad(set_to_none=True)
        latents = self._latents("generator", batch)
        due = [penalty for penalty in self.generator_penalties if penalty.is_due(batch.step)]
        losses, penalties, lessons = [], [], []
        with frozen(self.discriminator):
            for reals, z, label, grid in batch.pieces(real_logits, latents, self.schedule.accumulate):
                lesson = torch.zeros((), device=self.device)
                with autocast(self.schedule, self.device):
                    fake_code = self.generator(z, label, grid)
                    fake_logits = self._critic(label, len(z))(self.stabilizer(fake_code))
                    loss = self.loss(reals, fake_logits)[1].mean()
                    if self.patch_phase and grid is not None:
                        lesson = self.patch_phase.lesson(fake_code, grid, z, label)
                penalty = self._generator_penalty(due, z, label)
                ((loss + lesson + penalty) / self.schedule.accumulate).backward()
                losses.append(loss.detach())
                lessons.append(lesson.detach())
                penalties.append(penalty.detach())
        self.ranks.average_gradients(self.generator)
        self.generator_optimizer.step()
        values = {"generator_loss": torch.stack(losses).mean()}
        values |= {"teacher_loss": torch.stack(lessons).mean()} if self.patch_phase else {}
        return values | ({"generator_penalty": torch.stack(penalties).mean()} if self.generator_penalties else {})

    def _generator_penalty(self, due: list[LazyPenalty], z: Tensor, label: Tensor | None) -> Tensor:
        total = torch.zeros((), device=self.device)
        for term in due:
            total = total + term(self.generator, z, label)
        return total

    def _critic(self, label: Tensor | None, rows: int) -> LabelledCritic:
        """The discriminator with the labels of `rows` images; a stabilizer may show it each of them twice."""
        return LabelledCritic(self.discriminator, label, rows)

    def _draw_grid(self, nimg: int) -> Grid | None:
        """Where this step's pictures are looked at, alike on all ranks; None = whole pictures."""
        least = self.config.smallest_window
        if least == 1:
            return None
        random = torch.Generator().manual_seed(seed_for(self.seed, nimg, "window"))
        return draw_window(self.generator.code_shape[1:], least, random)

    def _latents(self, stream: str, batch: Batch) -> Tensor:
        """This rank's share of those of the whole batch."""
        latents = draw_latents(self.seed, batch.nimg, stream, batch.size, self.generator.latent_dim)
        return latents[self.held(batch.size)].to(self.device)

    def num_filtered(self, rows: int) -> int:
        return self.stabilizer.num_filtered(rows)

    def networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    def exported(self) -> Generator:
        return with_standing_statistics(self.ema.network, self.seed, self.device)

    def state(self) -> dict[str, Stateful]:
        phase, taught = self.patch_phase, dict[str, Stateful]()
        if phase:
            taught["teacher"] = ModuleState(phase.teacher, self.generator)
        return taught | {
            "generator": ModuleState(self.generator),
            "discriminator": ModuleState(self.discriminator),
            "stabilizer": ModuleState(self.stabilizer),
            "generator_penalties": ModuleState(self.generator_penalty_state),
            "ema": ModuleState(self.ema.network, self.generator),
            "generator_optimizer": AdamState(self.generator_optimizer, self.generator),
            "discriminator_optimizer": AdamState(self.discriminator_optimizer, self.discriminator),
        }
