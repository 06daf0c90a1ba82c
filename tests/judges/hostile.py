#!/usr/bin/env python3
"""Writes objects that attack or break a receiver, and what must become of each.

    hostile.py OUTDIR

NAME.dcm is a Part 10 file, NAME.bin its bare data set (for send_pynetdicom.py --raw-dataset). Prints
JSON: for every name its file, data set, transfer syntax, SOP Class UID, SOP Instance UID and the
hold reasons of which any one is right; may_deliver: delivering it under new UIDs is right too, if no
file name was made of the old one. Exit: 0.
"""

import argparse
import json
import struct
import sys
from pathlib import Path

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
PRIVATE_TS = "1.2.826.0.1.3680043.8.498.99.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ROOT = "1.2.826.0.1.3680043.8.498.77."
LONG = {"OB", "OW", "SQ", "UN", "UT"}


def element(group, number, vr, value, implicit=False, length=None):
    """One element; `length` overrides the true length."""
    if isinstance(value, str):
        value = value.encode("ascii")
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB") else b" "
    size = len(value) if length is None else length
    head = struct.pack("<HH", group, number)
    if implicit:
        return head + struct.pack("<I", size) + value
    if vr in LONG:
        return head + vr.encode() + b"\0\0" + struct.pack("<I", size) + value
    return head + vr.encode() + struct.pack("<H", size) + value


def part10(data, sop_uid, syntax, sop_class=SECONDARY_CAPTURE):
    meta = element(2, 1, "OB", b"\0\1")
    meta += element(2, 2, "UI", sop_class) + element(2, 3, "UI", sop_uid)
    meta += element(2, 0x10, "UI", syntax) + element(2, 0x12, "UI", "1.2.826.0.1.3680043.8.498.1")
    return bytes(128) + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(meta))) + meta + data


def head(sop_uid, implicit=False):
    """What every object here begins with."""
    return b"".join(
        element(group, number, vr, value, implicit)
        for group, number, vr, value in [
            (0x0008, 0x0016, "UI", SECONDARY_CAPTURE),
            (0x0008, 0x0018, "UI", sop_uid),
            (0x0008, 0x0060, "CS", "OT"),
            (0x0010, 0x0010, "PN", "HOSTILE^HENRY"),
            (0x0010, 0x0020, "LO", "HOST4711"),
            (0x0020, 0x000D, "UI", ROOT + "1"),
            (0x0020, 0x000E, "UI", ROOT + "2"),
        ]
    )


def image(sop_uid, side=64):
    us = lambda number, value: element(0x0028, number, "US", struct.pack("<H", value))  # noqa: E731
    pixels = bytes((x * y) % 256 for y in range(side) for x in range(side))
    return (
        head(sop_uid)
        + us(0x0002, 1) + element(0x0028, 0x0004, "CS", "MONOCHROME2")
        + us(0x0010, side) + us(0x0011, side)
        + us(0x0100, 8) + us(0x0101, 8) + us(0x0102, 7) + us(0x0103, 0)
        + element(0x7FE0, 0x0010, "OB", pixels)
    )  # fmt: skip


def nested(sop_uid, depth):
    """`depth` Content Sequences inside one another, of undefined length, properly closed."""
    undefined, item = b"\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    sequence = struct.pack("<HH", 0x0040, 0xA730) + undefined
    close = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    return head(sop_uid, implicit=True) + (sequence + item) * depth + close * depth


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir")
    out = Path(parser.parse_args().outdir)
    out.mkdir(parents=True, exist_ok=True)
    listing = {}

    def write(name, data, sop_uid, syntax, reasons):
        (out / f"{name}.dcm").write_bytes(part10(data, sop_uid, syntax))
        (out / f"{name}.bin").write_bytes(data)
        listing[name] = {
            "file": f"{name}.dcm", "dataset": f"{name}.bin", "ts": syntax,
            "sop_class": SECONDARY_CAPTURE, "sop_uid": sop_uid, "reasons": reasons,
        }  # fmt: skip

    write("nested", nested(ROOT + "10", 2000), ROOT + "10", IMPLICIT_LE, ["limit-exceeded"])
    huge = head(ROOT + "11") + element(0x0040, 0xA160, "UT", b"", length=0xFFFFFFF0)
    write("huge_length", huge, ROOT + "11", EXPLICIT_LE, ["truncated", "limit-exceeded"])
    short = image(ROOT + "12")[:-1000]
    write("truncated", short, ROOT + "12", EXPLICIT_LE, ["truncated"])
    escaping = "../../../../tmp/deid-gateway-escaped"
    write("bad_uid", image(escaping), escaping, EXPLICIT_LE, ["malformed"])
    listing["bad_uid"]["may_deliver"] = True
    write("unknown_ts", image(ROOT + "14"), ROOT + "14", PRIVATE_TS, ["transfer-syntax-unknown"])

    for name, data, reasons in [
        ("zero.dcm", b"", ["not-dicom", "truncated"]),
        ("text.txt", b"This is a letter, not a DICOM file.\n" * 20, ["not-dicom"]),
    ]:
        (out / name).write_bytes(data)
        listing[name.split(".")[0]] = {"file": name, "reasons": reasons}
    print(json.dumps(listing, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
