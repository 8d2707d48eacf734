"""The other step: a decoder learns to bring codes of real images back to full size. It never sees the sampler."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from frugan.codecs.base import Codec
from frugan.config import DecoderConfig
from frugan.objectives.base import ImageLoss
from frugan.training.ema import EMA
from frugan.training.optimizer import (
    build_adam,
    learning_rate,
    load_optimizer_tensors,
    optimizer_tensors,
    set_learning_rate,
)
from frugan.training.part import (
    Part,
    StepValues,
    autocast,
    micro_batches,
    to_device,
    total_nimg,
    under_prefix,
    with_prefix,
)
from frugan.training.randomness import seed_for


class DecoderPart(Part):
    """Decoder network, its optimizer and its average."""

    name = "decoder"

    def __init__(self, config: DecoderConfig, codec: Codec, resolution: int, seed: int, device: torch.device) -> None:
        torch.manual_seed(seed_for(seed, 0, "initialise decoder"))
        _, self.code_side, _ = codec.code_shape(resolution)
        if not 0 <= config.crop <= self.code_side:
            raise ValueError(f"decoder.crop: {config.crop} exceeds the codes' side of {self.code_side}")
        self.config, self.schedule, self.seed, self.device = config, config.schedule, seed, device
        self.codec = codec.to(device)
        self.network: nn.Module = to_device(config.network.build(), device)
        self._check_size(resolution)
        self.loss: ImageLoss = config.loss.partial()
        self.optimizer = build_adam(self.network, config.optimizer)
        self.ema = EMA(self.network, config.schedule.ema_halflife, config.schedule.ema_rampup)

    @torch.no_grad()
    def _check_size(self, resolution: int) -> None:
        code = torch.zeros(1, *self.codec.code_shape(resolution), device=self.device)
        residual = self.network(self.codec.decoder_input(code))
        if residual.shape[-2:] != (resolution, resolution):
            raise ValueError(
                f"decoder.network: it makes {residual.shape[-1]} px of {self.code_side} px codes, but images have "
                f"{resolution} px; its doublings must equal codec.levels"
            )

    def step(self, images: Tensor, labels: Tensor, nimg: int) -> StepValues:
        progress = nimg / total_nimg(self.schedule)
        torch.manual_seed(seed_for(self.seed, nimg, "decoder"))
        set_learning_rate(self.optimizer, learning_rate(self.config.optimizer, progress))
        self.optimizer.zero_grad(set_to_none=True)
        losses, errors = [], []
        for original in micro_batches(images.to(self.device), self.schedule):
            code = self.codec.encode(original)
            code = code + self.config.code_noise * torch.randn_like(code)
            base, low = self.codec.base(code), self.codec.decoder_input(code)
            original, base, low = self._crop(original, base, low)
            with autocast(self.schedule, self.device):
                decoded = base + self.network(low)
                loss = self.loss(decoded.float(), original)
            (loss / self.schedule.accumulate).backward()
            losses.append(loss.detach())
            errors.append((decoded.detach() - original).square().mean())
        self.optimizer.step()
        batch = images.shape[0]
        self.ema.update(self.network, nimg + batch, batch)
        return {"decoder_loss": torch.stack(losses).mean(), "squared_error": torch.stack(errors).mean()}

    def _crop(self, original: Tensor, base: Tensor, low: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same random window of code and image, so that small networks see more positions per second."""
        side = self.config.crop
        if side in (0, self.code_side):
            return original, base, low
        top, left = torch.randint(0, self.code_side - side + 1, (2,)).tolist()
        factor = original.shape[-1] // self.code_side
        window = (..., slice(top, top + side), slice(left, left + side))
        large = (..., slice(top * factor, (top + side) * factor), slice(left * factor, (left + side) * factor))
        return original[large], base[large], low[window]

    def networks(self) -> dict[str, nn.Module]:
        return {"decoder": self.network}

    def exported(self) -> nn.Module:
        return self.ema.network

    def tensors(self) -> dict[str, Tensor]:
        return {
            **with_prefix("network", self.network.state_dict()),
            **with_prefix("ema", self.ema.network.state_dict()),
            **with_prefix("optimizer", optimizer_tensors(self.optimizer)),
        }

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(under_prefix("network", tensors))
        self.ema.network.load_state_dict(under_prefix("ema", tensors))
        load_optimizer_tensors(self.optimizer, under_prefix("optimizer", tensors))
