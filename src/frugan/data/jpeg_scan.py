"""JPEGs that look whole but are not: libjpeg fills what is missing, and says so to nobody who uses Pillow.

Whether a scan holds all of the picture is found out by decoding again, with other bytes where it ends. If the picture
changes, the decoder was still reading there: the scan was cut, and an end marker follows all the same. If the end of a
scan is zeros and other bytes in their place change nothing, the picture had ended before, somewhere in the zeros.

Decoding again costs time, so it is done where there are signs: a last corner of middle grey, which is how libjpeg fills
what is missing; a tail of zeros; or several scans, of which any may be cut.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

_SOF_SEQUENTIAL, _SOF_PROGRESSIVE = (0xC0, 0xC1), 0xC2
_SOS, _EOI, _ALONE = 0xDA, 0xD9, {0x01, *range(0xD0, 0xD9)}
_START_OF_SCAN, _END = bytes([0xFF, _SOS]), bytes([0xFF, _EOI])
_FIRST_RESTART, _RESTART = 0xD0, re.compile(rb"\xff[\xd0-\xd7]")
_END_OF_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_FOREIGN = b"\x55\xaa\x35\x9c" * 16  # no marker in it, nor codes that any usual table gives a flat picture
_ZEROS, _REPLACED = bytes(32), 8
_CORNER, _GREY_OFF = 8, 2  # pixels of the last row, and how far rounding takes them from 128


class _Scan(NamedTuple):
    components: tuple[int, ...]
    first: int  # coefficients that it has, in zigzag order
    last: int
    low_bit: int  # down to which it tells them
    end: int  # of its bytes in the file
    restarts: int  # markers in it, after which a decoder begins anew


class _Structure(NamedTuple):
    is_progressive: bool
    components: tuple[int, ...]
    scans: tuple[_Scan, ...]


def scan_damage(data: bytes, decoded: Image.Image, decode: Callable[[bytes], Image.Image]) -> str:
    """What is wrong with the scans of a JPEG; "" if nothing is.

    Args:
        decoded: the picture, at any size.
        decode: decodes other bytes at the same size; raises what it likes on damage.
    """
    if not _is_suspicious(data, decoded):
        return ""
    found = _structure(data)
    if found is None or not found.scans:
        return ""  # nothing that is known here; libjpeg has decided
    missing = _missing(found)
    if missing:
        return missing
    zeros = data.endswith(_ZEROS, 0, found.scans[-1].end)
    if not (zeros or len(found.scans) > 1 or _is_filled(decoded)):
        return ""
    pixels = np.asarray(decoded)
    if not _same(pixels, _with_foreign(data, found.scans), decode):
        return "its picture data is cut off, before an end marker"
    end = found.scans[-1].end
    if (pixels == pixels[0, 0]).all():  # one colour: its code tables have one entry, and any bytes mean the same
        return ""
    if zeros and _same(pixels, data[: end - _REPLACED] + _FOREIGN[:_REPLACED] + data[end:], decode):
        return "the end of its picture data is zeros, as of a transfer that broke off"
    return ""


def _is_suspicious(data: bytes, decoded: Image.Image) -> bool:
    """Whether it has to be looked at: told without a walk through the file, for most are whole."""
    first = data.find(_START_OF_SCAN)
    several = first < 0 or data.find(_START_OF_SCAN, first + 1) > 0  # or a small picture among the notes
    if several or data[first + 4 : first + 5] != bytes([len(decoded.getbands())]):
        return True
    end = data.rfind(_END)
    return data.endswith(_ZEROS) or data.endswith(_ZEROS, 0, max(end, 0)) or _is_filled(decoded)


def _is_filled(decoded: Image.Image) -> bool:
    """Whether the last corner is as libjpeg fills what is missing: blocks of zeros, which are middle grey."""
    width, height = decoded.size
    last = decoded.getpixel((width - 1, height - 1))  # alone at first: it costs nothing
    if any(abs(value - 128) > _GREY_OFF for value in (last if isinstance(last, tuple) else (last or 0,))):
        return False
    corner = np.asarray(decoded.crop((max(0, width - _CORNER), height - 1, width, height)))
    return bool((np.abs(corner.astype(int) - 128) <= _GREY_OFF).all())


def _same(pixels: np.ndarray, data: bytes, decode: Callable[[bytes], Image.Image]) -> bool:
    try:
        return np.array_equal(pixels, np.asarray(decode(data)))
    except MemoryError:
        raise
    except Exception:  # whatever Pillow's readers meet in the other bytes: they did look at them
        return False


def _with_foreign(data: bytes, scans: tuple[_Scan, ...]) -> bytes:
    """Foreign bytes after the last of each scan, which a decoder that has all it needs skips."""
    pieces, begin = [], 0
    for scan in scans:
        # Where a scan was cut at a restart, a decoder skips all that comes before the next one.
        restart = bytes([0xFF, _FIRST_RESTART + scan.restarts % 8])
        pieces += [data[begin : scan.end], _FOREIGN, restart, _FOREIGN]
        begin = scan.end
    return b"".join([*pieces, data[begin:]])


def _missing(found: _Structure) -> str:
    """Whether scans are missing altogether: of a component, or of the last bits of a progressive picture."""
    for component in found.components:
        own = [scan for scan in found.scans if component in scan.components]
        if not own or (found.is_progressive and not any(s.first == 0 and s.low_bit == 0 for s in own)):
            return "picture data of a colour is missing"
    if found.is_progressive:
        known = {
            k
            for scan in found.scans
            if scan.low_bit == 0 and found.components[0] in scan.components
            for k in range(scan.first, scan.last + 1)
        }
        if len(known) < 64:
            return "its last scans are missing"
    return ""


def _structure(data: bytes) -> _Structure | None:
    """Of the first picture in the file; None where the markers make no sense."""
    at, progressive = 2, False
    components: tuple[int, ...] = ()
    scans: list[_Scan] = []
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker == _EOI:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker in (*_SOF_SEQUENTIAL, _SOF_PROGRESSIVE) and len(body) >= 6:
            progressive = marker == _SOF_PROGRESSIVE
            components = tuple(body[6 + 3 * i] for i in range(body[5]) if 6 + 3 * i < len(body))
        elif marker == _SOS:
            ends = _END_OF_SCAN.search(data, at)
            end = ends.start() if ends else len(data)
            scan = _scan(body, end, len(_RESTART.findall(data, at, end)))
            if scan is None:
                return None
            scans.append(scan)
            at = end
    return _Structure(progressive, components, tuple(scans)) if components else None


def _scan(body: bytes, end: int, restarts: int) -> _Scan | None:
    count = body[0] if body else 0
    if not count or len(body) < 4 + 2 * count:
        return None
    first, last, bits = body[1 + 2 * count : 4 + 2 * count]
    return _Scan(tuple(body[1 : 1 + 2 * count : 2]), first, last, bits & 15, end, restarts)
