"""A studio under everything that can come, for a while: does it stay up, polite, and of one size?

python -m benchmarks.studio_soak RUN [--requests 20000] [--minutes 30]

Valid and malformed requests in random order (bad JSON, huge numbers, NaN, negative sizes, ways out of the folders,
foreign hosts and origins, missing headers), slow senders, dropped connections. Ends with 1 where there was a status of
500 or more, a traceback, memory that grew by more than a tenth after the first quarter, or a file outside read.
"""

import argparse
import collections
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

_SECRET = "the secret of the soak"
_CHANGES = {"frugan-studio": "1"}
_NUMBERS = ("0", "7", "-1", "nan", "inf", "1e999", "9" * 300, "", "x", "0x10", "1.5", "4294967295", "4294967296", "٣")
_PLACES = (
    "0/../secret",
    "0/link/secret",
    "0//etc/passwd",
    "0/%2e%2e/secret",
    "5/x",
    "-1/",
    "",
    "/etc/passwd",
    "0/\0",
    "0/..\\..",
)
_BODIES = (
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"[" * 50_000,
    b'{"kind": NaN}',
    b'{"kind": "fly"}',
    b"x" * 2_000_000,
    b'{"number": -1}',
)
_HEADERS: tuple[dict[str, str], ...] = (
    {"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
    {"authorization": "Bearer wrong"}, {"cookie": "frugan-studio-1=x"}, {"range": "bytes=9-1"}, {"x": "y" * 8000},
)  # fmt: skip


def ask(client: httpx.Client, place: str, random_: random.Random) -> httpx.Response:
    """One request of any kind."""
    kind = random_.choices(
        ("good", "numbers", "places", "bodies", "headers", "methods", "pages"), (30, 20, 15, 10, 10, 5, 10)
    )[0]
    number, path = random_.choice(_NUMBERS), random_.choice(_PLACES)
    if kind == "good":
        seed, corner = random_.randrange(300), f"{256 * random_.randrange(-2, 30)},{256 * random_.randrange(-2, 30)}"
        tile = f"/api/tile?place={place}&seed={seed % 5}&whole=4096,4096&corner={corner}&size=128,128"
        return client.get(
            random_.choice((tile, f"/api/picture?place={place}&seed={seed}", "/api/home", f"/api/run?place={place}"))
        )
    if kind == "numbers":
        names = (
            "seed",
            "truncation",
            "whole",
            "corner",
            "size",
            "supersample",
            "others",
            "parts",
            "layers",
            "snapshot",
        )
        asked = {
            "place": place,
            "whole": "64,64",
            "corner": "0,0",
            random_.choice(names): random_.choice((number, f"{number},{number}")),
        }
        return client.get(
            random_.choice(("/api/tile", "/api/picture", "/api/run/samples", "/api/jobs/result")), params=asked
        )
    if kind == "places":
        addresses = (
            "/api/model",
            "/api/run",
            "/api/thumbnail",
            "/api/report",
            "/api/study",
            "/api/favourites",
            "/api/uploads/file",
        )
        return client.get(random_.choice(addresses), params={"place": path})
    if kind == "bodies":
        body = random_.choice(_BODIES)
        address = random_.choice(("/api/jobs", "/api/jobs/stop", "/api/uploads", f"/api/uploads?data={number}"))
        return client.post(address, content=body, headers=_CHANGES)
    if kind == "headers":
        return client.get("/api/recipes", headers=random_.choice(_HEADERS))
    if kind == "methods":
        return client.request(random_.choice(("PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "TRACE")), "/api/jobs")
    return client.get(
        random_.choice(("/", "/static/../server.py", "/static/viewer.js", "/nothing", "/api/" + "x" * 3000))
    )


def rude(link: str, random_: random.Random) -> None:
    """A connection that sends slowly, sends rubbish, or goes away in the middle."""
    split = urlsplit(link)
    with socket.create_connection((split.hostname, split.port), timeout=30) as connection:
        host = f"host: {split.netloc}\r\n".encode()
        what = random_.randrange(4)
        if what == 0:
            connection.sendall(b"GET /api/tile?place=0/x HTTP/1.1\r\n" + host)
            time.sleep(random_.random())
        elif what == 1:
            connection.sendall(
                b"POST /api/jobs HTTP/1.1\r\nfrugan-studio: 1\r\ncontent-length: 1000\r\n" + host + b"\r\n{"
            )
            time.sleep(2 * random_.random())
        elif what == 2:
            connection.sendall(bytes(random_.randrange(256) for _ in range(500)))
        else:
            connection.sendall(b"GET /api/home HTTP/1.1\r\n" + host + b"\r\n")


def memory_mb(process: int) -> float:
    """Resident, of a process."""
    text = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0


def main() -> int:
    """Print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as outside:
        root = Path(outside) / "root"
        root.mkdir()
        (Path(outside) / "secret").write_text(_SECRET)
        (root / "link").symlink_to(outside)
        subprocess.run(["cp", "-r", str(given.run), str(root / "run")], check=True)
        with open(Path(outside) / "log.txt", "w+") as log:
            return soak(root, log.name, given.requests, given.minutes)


def soak(root: Path, log: str, requests: int, minutes: float) -> int:
    """Over the whole time, by four threads and a rude one."""
    command = [sys.executable, "-u", "-m", "frugan", "studio", str(root), "--port", "0"]
    with open(log, "a") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    while not (found := re.search(r"http://\S+", Path(log).read_text())):
        time.sleep(0.2)
    link, end, before = found[0], time.monotonic() + minutes * 60, set(root.parent.rglob("*"))
    statuses: collections.Counter[int] = collections.Counter()
    leaked: list[str] = []
    sizes: list[float] = []

    def work(number: int) -> None:
        random_ = random.Random(number)
        with httpx.Client(base_url=link, timeout=120) as client:
            while time.monotonic() < end and statuses.total() < requests:
                answer = ask(client, "0/run", random_)
                statuses[answer.status_code] += 1
                if _SECRET.encode() in answer.content:
                    leaked.append(str(answer.url))
                pause = (end - time.monotonic()) / max(1, requests - statuses.total()) * 4
                time.sleep(max(0.0, min(pause, 1.0) - 0.02))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    random_ = random.Random(99)
    while any(thread.is_alive() for thread in threads):
        rude(link, random_)
        sizes.append(memory_mb(process.pid))
        time.sleep(0.5)
    began, ended = max(sizes[len(sizes) // 4 : len(sizes) // 3 + 1]), max(sizes[-max(1, len(sizes) // 10) :])
    process.terminate()
    process.wait()
    said = Path(log).read_text()
    outside = {path for path in set(root.parent.rglob("*")) - before if root not in path.parents and path != Path(log)}
    print(f"requests: {statuses.total()}, by status: {dict(sorted(statuses.items()))}; rude connections: {len(sizes)}")
    print(f"memory: {began:.0f} MB after a quarter, {ended:.0f} MB at the end ({100 * (ended / began - 1):+.1f} %)")
    print(f"traceback in the log: {'Traceback' in said}; leaked: {leaked}; files outside: {sorted(map(str, outside))}")
    good = not leaked and not outside and "Traceback" not in said and max(statuses) < 500 and ended < 1.1 * began
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
