"""The studio under requests: seeds, tiles and variations a second, and their latency, over HTTP on this machine.

python -m benchmarks.studio RUN [--clients 4] [--requests 40] [--train-beside]

RUN is a run or model folder of coordinates, such as one of the recipe creps-small. One process serves; one thread of
this one asks, or four. "Kept" are the same addresses a second time. Numbers depend on what else the machine does.
"""

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Row:
    """Requests of one kind; latencies in milliseconds."""

    name: str
    requests: int
    per_second: float
    median: float
    p95: float
    failed: int

    def text(self) -> str:
        """A row of the table."""
        values = f"{self.per_second:.1f} | {self.median:.1f} | {self.p95:.1f} | {self.failed}"
        return f"| {self.name} | {self.requests} | {values} |"


@contextmanager
def studio(folder: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A studio in a process of its own: a client, and the number of its process."""
    command = [sys.executable, "-u", "-m", "frugan", "studio", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    try:
        with httpx.Client(base_url=found[0], headers={"frugan-studio": "1"}, timeout=120) as client:
            yield client, process.pid
    finally:
        process.terminate()
        process.wait()


def measured(name: str, client: httpx.Client, addresses: Sequence[str], clients: int = 1) -> Row:
    """Ask for all addresses, by so many clients at a time."""

    def ask(address: str) -> tuple[float, bool]:
        began = time.perf_counter()
        answer = client.get(address)
        return (time.perf_counter() - began) * 1000, answer.status_code == 200

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(ask, addresses))
    seconds = time.perf_counter() - began
    latencies = sorted(latency for latency, _ in results)
    p95 = latencies[min(len(latencies) - 1, round(0.95 * len(latencies)))]
    failed = sum(not good for _, good in results)
    return Row(name, len(latencies), len(latencies) / seconds, statistics.median(latencies), p95, failed)


def rows(client: httpx.Client, place: str, count: int, clients: int) -> Iterator[Row]:
    """One kind after the other."""
    model = client.get("/api/model", params={"place": place}).json()
    end = f"place={place}&stamp={model['stamp']}"
    client.get(f"/api/picture?{end}&seed=0")
    tiles = [f"/api/tile?{end}&seed=1&whole=8192,8192&corner={x * 256},{y * 256}" for y in range(8) for x in range(32)]
    kinds: dict[str, Callable[[int], str]] = {
        "seeds, side by side": lambda i: f"/api/picture?{end}&seed={10_000 + i}",
        "seeds, far apart": lambda i: f"/api/picture?{end}&seed={20_000 + 100 * i}",
        "variations": lambda i: f"/api/picture?{end}&seed=5&variation={i}&distance=0.3",
    }
    for name, address in kinds.items():
        yield measured(name, client, [address(i) for i in range(count)])
    if model["facts"]["zooms"]:
        yield measured("tiles 256 x 256, of rows of tiles", client, tiles[:count])
        yield measured("the same, kept", client, tiles[:count])
        other = [f"/api/tile?{end}&seed={i}&whole=1024,1024&corner=256,256" for i in range(count)]
        yield measured("tiles 256 x 256, each of another seed", client, other)
        beside = [tile.replace("seed=1", "seed=2") for tile in tiles[: clients * count]]
        yield measured(f"tiles for {clients} clients at a time", client, beside, clients)


def main() -> None:
    """Print the table; with a training beside it, its speed, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--train-beside", action="store_true", help="train RUN longer at the same time")
    given = parser.parse_args()
    print("| what | requests | a second | median ms | p95 ms | failed |\n|---|---|---|---|---|---|")
    with studio(given.run.resolve().parent) as (client, _):
        place = f"0/{given.run.resolve().name}"
        if given.train_beside:
            client.post("/api/jobs", json={"kind": "resume", "place": place, "kimg": 1000}).raise_for_status()
            time.sleep(30)
            print(f"<!-- {_speed(client, place)} -->")
        for row in rows(client, place, given.requests, given.clients):
            print(row.text(), flush=True)
        if given.train_beside:
            print(f"<!-- {_speed(client, place)} -->")


def _speed(client: httpx.Client, place: str) -> str:
    parts = client.get("/api/run", params={"place": place}).json()["parts"]
    return ", ".join(f"{part['name']} at {part['nimg']}: {part['speed']} images a second (median)" for part in parts)


if __name__ == "__main__":
    main()
