"""Adam as every part uses it: its learning rate a function of progress, its state as tensors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from frugan.config.schema import OptimizerConfig


def build_adam(network: nn.Module, config: OptimizerConfig) -> torch.optim.Adam:
    """Adam over all parameters; the fused kernel, which updates every tensor in one call, where the device has one."""
    device = next(network.parameters()).device
    return torch.optim.Adam(
        network.parameters(),
        lr=config.lr,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=device.type in ("cpu", "cuda"),
    )


def learning_rate(config: OptimizerConfig, progress: float) -> float:
    """Constant, then linear to zero over the last `decay` part of training; progress in [0, 1]."""
    if config.decay == 0:
        return config.lr
    return config.lr * min(1.0, (1.0 - progress) / config.decay)


def set_learning_rate(optimizer: torch.optim.Adam, rate: float) -> None:
    """For all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def optimizer_tensors(optimizer: torch.optim.Adam) -> dict[str, Tensor]:
    """Moments and step counts under "<parameter index>.<name>"."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": tensor for index, values in state.items() for name, tensor in values.items()}


def load_optimizer_tensors(optimizer: torch.optim.Adam, tensors: Mapping[str, Tensor]) -> None:
    """Inverse of `optimizer_tensors`; learning rates are set anew by the step."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        if tensor.shape == parameter.shape:
            # The fused kernel walks memory in order, so moments must be laid out like their parameter (channels-last).
            tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
