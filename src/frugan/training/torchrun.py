"""Join the other processes that `torchrun` started, and leave together: one message for one error, and no one hangs."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from frugan.system.cores import let_peers_speak, processes_here
from frugan.system.device import choose_device
from frugan.system.errors import ArgumentError, RunError, UserError
from frugan.system.text import printable
from frugan.training.ranks import ALONE, PeerError, Ranks

# Packing a large data set is done by one process while the others wait.
_PATIENCE = timedelta(hours=2)
_MEETING_SECONDS = 300.0
_PORT = "frugan/port"


@contextmanager
def joined(device_name: str) -> Iterator[Ranks]:
    """The ranks that torchrun's environment tells of; `ALONE` without one.

    Over NCCL between GPUs, one each; over gloo between CPUs. An error inside ends this process with the error's exit
    code: its message is printed by the first rank that fails, and by no other.

    Raises:
        UserError: the device cannot be used, or there are fewer GPUs than processes on this machine.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    device = _own_device(device_name)
    meeting, rank, count = next(dist.rendezvous("env://"))
    own = _own_store(meeting, rank)
    backend = "nccl" if device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, store=own, rank=rank, world_size=count, timeout=_PATIENCE)
    except RuntimeError as error:
        raise RunError(f"torchrun: the processes cannot reach each other: {error}") from error
    try:
        yield Ranks(rank, count, device)
    except (UserError, RunError) as error:
        from_peer = isinstance(error, PeerError)
        if from_peer:
            let_peers_speak()
        if _speaks_first(meeting, own.port, otherwise=not from_peer):
            print(printable(f"frugan: {error}"), file=sys.stderr, flush=True)
        # Not the usual way out: that waits for peers which wait for this one.
        sys.stderr.flush()
        os._exit(error.exit_code)
    dist.destroy_process_group()


def restarted() -> bool:
    """Whether torchrun started this job anew, after a process of it had failed."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def _own_device(name: str) -> torch.device:
    device = choose_device(name)
    if device.type == "mps":
        raise ArgumentError("device", "several processes cannot share it; use `device` cpu, or no torchrun", "mps")
    if device.type != "cuda":
        return device
    number = int(os.environ.get("LOCAL_RANK", "0"))
    if number >= torch.cuda.device_count():
        raise UserError(
            f"torchrun: {processes_here()} processes, and {torch.cuda.device_count()} GPUs on this machine; one each: "
            "--nproc-per-node gpu"
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _own_store(meeting: dist.Store, rank: int) -> dist.TCPStore:
    """A store of this attempt alone, with the first rank; its port is told in torchrun's store.

    That one outlives a restart, with the addresses of processes that are gone in it; one who reads such a port finds
    nobody there and asks again.
    """
    host = os.environ["MASTER_ADDR"]
    if rank == 0:
        store = dist.TCPStore(host, 0, is_master=True, wait_for_workers=False, timeout=_PATIENCE)
        meeting.set(_PORT, str(store.port))
        return store
    deadline = time.monotonic() + _MEETING_SECONDS
    while True:
        port = int(meeting.get(_PORT))
        try:
            socket.create_connection((host, port), timeout=2).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise RunError(f"torchrun: the first process cannot be reached at {host}:{port}: {error}") from error
            time.sleep(0.2)
        else:
            return dist.TCPStore(host, port, is_master=False, timeout=_PATIENCE)


def _speaks_first(meeting: dist.Store, port: int, *, otherwise: bool) -> bool:
    """Whether no other rank of this attempt has; `otherwise` if that cannot be known any more."""
    try:
        spoken: int = meeting.add(f"frugan/error/{port}", 1)
    except RuntimeError:
        return otherwise
    return spoken == 1
