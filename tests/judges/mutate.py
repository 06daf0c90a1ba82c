#!/usr/bin/env python3
"""Writes mutated copies of small real objects, the same for one seed.

    mutate.py OUTDIR [--count N] [--seed S]

Sources are the files of PyPI `pydicom` with at most 64 KB and 16,384 pixels in all frames. Every copy
has a SOP Instance UID of its own, in its File Meta and its data set; then one to four mutations change
the data set alone: bits, bytes, lengths, VRs, tags, slices cut, repeated, moved or filled, the end cut
off. Prints the number of copies. Exit: 0.
"""

import argparse
import random
import sys
import warnings
from io import BytesIO
from pathlib import Path

import pydicom
from pynetdicom.dsutils import split_dataset

MAX_BYTES, MAX_PIXELS = 64 << 10, 16_384
NUMBERS = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xfe\xff\0\xe0"]
NUMBERS += [b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"\xe0\x7f\x10\0", b"\1\0\0\0", b"\xff\0\0\0"]
VRS = [b"SQ", b"UN", b"OB", b"OW", b"UT", b"PN", b"DS", b"IS", b"UI", b"FD", b"AT", b"ZZ", b"\0\0"]


def sources():
    """(bytes of the file, where its data set begins, its SOP Instance UID)."""
    found = []
    # not by pydicom's own lookup, which asks the network for what it lacks
    for name in sorted((Path(pydicom.__file__).parent / "data").rglob("*.dcm")):
        data = name.read_bytes()
        if len(data) > MAX_BYTES:
            continue
        try:
            ds = pydicom.dcmread(BytesIO(data))
            uid, offset = str(ds.file_meta.MediaStorageSOPInstanceUID), split_dataset(name)[1]
            frames = int(ds.get("NumberOfFrames") or 1)
            pixels = int(ds.get("Rows") or 0) * int(ds.get("Columns") or 0) * frames
            if ds.SOPInstanceUID == uid and len(uid) > 20 and pixels <= MAX_PIXELS:
                found.append((data, offset, uid.encode()))
        except Exception:  # what pydicom does not read is not sent as it is either
            continue
    return found


def mutated(rng, data):
    """`data` with one mutation."""
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice([1, 2, 4, 8, 64, 512, 4096]))
    kind = rng.randrange(10)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + rng.choice(NUMBERS) + data[at + 4 :]
    if kind == 3:
        return data[:at] + rng.choice(VRS) + data[at + 2 :]
    if kind == 4:
        return data[:at] + data[end:]
    if kind == 5:
        return data[:end] + data[at:end] * rng.choice([1, 3, 50]) + data[end:]
    if kind == 6:
        to = rng.randrange(len(data))
        return data[:to] + data[at:end] + data[to:]
    if kind == 7:
        return data[:at] + rng.randbytes(end - at) + data[end:]
    if kind == 8:
        return data[:at] + bytes(end - at) + data[end:]
    return data[: max(at, 16)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rng, all_sources = random.Random(args.seed), sources()
    if len(all_sources) < 20:
        sys.exit(f"only {len(all_sources)} sources")
    args.folder.mkdir(parents=True, exist_ok=True)
    for number in range(args.count):
        data, offset, uid = all_sources[number % len(all_sources)]
        own = uid[:-6] + f"{number + 100_000:06d}".encode()
        data = data.replace(uid, own)
        body = data[offset:]
        for _ in range(rng.randrange(1, 5)):
            # of next to nothing the sender of the tests sends nothing, after announcing something
            changed = mutated(rng, body)
            body = changed if len(changed) >= 32 else body
        (args.folder / f"{number:05d}.dcm").write_bytes(data[:offset] + body)
    print(args.count)


if __name__ == "__main__":
    main()
