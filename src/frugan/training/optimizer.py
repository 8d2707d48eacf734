"""Adam as every part uses it: its learning rate a function of progress, its state as tensors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from frugan.config.schema import OptimizerConfig, PenaltyConfig
from frugan.training.frozen import trainable_parameters


def corrected(config: OptimizerConfig, penalties: Sequence[PenaltyConfig]) -> OptimizerConfig:
    """The rate and the betas that lazy regularisation asks for: StyleGAN2, appendix B; G 4/5 and D 16/17 there."""
    intervals = [penalty.every for penalty in penalties if penalty.every > 1]
    if not config.lazy or not intervals:
        return config
    ratio = min(intervals) / (min(intervals) + 1)
    return replace(config, lr=config.lr * ratio, beta1=config.beta1**ratio, beta2=config.beta2**ratio)


def build_adam(network: nn.Module, config: OptimizerConfig) -> torch.optim.Adam:
    """Adam over all trainable parameters; by one call for all of them, where the device has such a kernel."""
    parameters = trainable_parameters(network)
    return torch.optim.Adam(
        parameters,
        lr=config.lr,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=parameters[0].device.type in ("cpu", "cuda"),
    )


def learning_rate(config: OptimizerConfig, progress: float, schedule: OptimizerConfig | None = None) -> float:
    """The rate at `progress` in [0, 1], with the course of another `schedule` if one is given.

    Constant, then linear to zero over the last `decay`; halved at each of `halved_at`; a cosine with restarts.
    """
    schedule = schedule or config
    rate = config.lr * 0.5 ** sum(progress >= fraction for fraction in schedule.halved_at)
    if schedule.decay:
        rate *= min(1.0, (1.0 - progress) / schedule.decay)
    if schedule.cosine:
        rate *= 0.5 * (1 + math.cos(math.pi * (progress / schedule.cosine % 1)))
    return rate


def set_learning_rate(optimizer: torch.optim.Adam, rate: float) -> None:
    """For all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate


class AdamState:
    """An Adam's moments and step counts as named tensors, "<parameter index>.<name>".

    Args:
        optimizer: over the trainable parameters of `network`, which alone are counted.
        network: what it trains.
    """

    def __init__(self, optimizer: torch.optim.Adam, network: nn.Module) -> None:
        self.optimizer = optimizer
        self.parameters: list[nn.Parameter] = [p for group in optimizer.param_groups for p in group["params"]]
        own = {id(parameter): index for index, parameter in enumerate(self.parameters)}
        # Where the count is over all parameters, frozen ones included.
        self.index_of_place = {
            place: own[id(parameter)] for place, parameter in enumerate(network.parameters()) if id(parameter) in own
        }

    def tensors(self) -> dict[str, Tensor]:
        """By name; empty before the first step."""
        state = self.optimizer.state_dict()["state"]
        return {f"{index}.{name}": tensor for index, values in state.items() for name, tensor in values.items()}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Inverse of `tensors`; learning rates are set anew by the step.

        Checkpoints of before may count the frozen parameters too, and hold moments of theirs, which are dropped.
        """
        state: dict[int, dict[str, Tensor]] = {}
        for index, name, tensor in self._by_index(tensors):
            parameter = self.parameters[index]
            if tensor.shape == parameter.shape:
                # The fused kernel walks memory in order: moments must be laid out like their parameter (channels-last).
                tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
            state.setdefault(index, {})[name] = tensor
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})

    def _by_index(self, tensors: Mapping[str, Tensor]) -> list[tuple[int, str, Tensor]]:
        """Parameter index, name and tensor of each that is wanted."""
        found: list[tuple[int, str, Tensor]] = []
        for key, tensor in tensors.items():
            index, name = key.split(".", 1)
            found.append((int(index), name, tensor))
        # An index beyond the trainable parameters tells a count over all of them.
        if all(place < len(self.parameters) for place, _, _ in found):
            return found
        places = self.index_of_place
        return [(places[place], name, tensor) for place, name, tensor in found if place in places]
