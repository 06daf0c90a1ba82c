#!/usr/bin/env python3
"""Objects whose codestreams contradict their headers, end early, or ask for more than there is.

    mismatched.py OUTDIR
    mismatched.py OUTDIR slow    slow.dcm alone, which decodes for minutes

FAMILY-FAULT.dcm for every codec family. None may be delivered: its pixels are not what its header says, or
cannot be had within limits. Prints JSON: the names. Exit: 0.
"""

import json
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from encoded_set import compress
from hidden import CLASSES, items, pixels
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    generate_uid,
)

SIDE = 64
FAMILIES = {
    "rle": RLELossless,
    "jpeg50": JPEGBaseline8Bit,
    "jpeg57": JPEGLossless,
    "jpeg70": JPEGLosslessSV1,
    "jls80": JPEGLSLossless,
    "jls81": JPEGLSNearLossless,
    "j2k90": JPEG2000Lossless,
    "j2k91": JPEG2000,
}
HUGE = 20000  # 400 MB of one sample: below the limit of a frame


def header(rows, columns, bits=8, samples=1):
    ds = Dataset()
    ds.file_meta, ds.preamble = FileMetaDataset(), bytes(128)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CLASSES + "7"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid() for _ in range(3))
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.PatientName, ds.PatientID, ds.Modality = "MARPLE^JANE", "M1", "OT"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, samples
    ds.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    if samples == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored = 8 if bits == 8 else 16, bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, 0
    return ds


def codestream(syntax, rows, columns, bits, samples, work):
    ds = header(rows, columns, bits, samples)
    shape = (rows, columns, 3) if samples == 3 else (rows, columns)
    array = np.random.default_rng(7).integers(0, 1 << bits, shape)
    array = array.astype(np.uint8 if bits == 8 else "<u2")
    ds.PixelData = array.tobytes()
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"
    path = work / "work.dcm"
    kind = "rgb8" if samples == 3 else "grey8" if bits == 8 else "grey16"
    compress(ds, array[None], path, syntax, kind)
    return next(generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1))


def resized(family, stream, side):
    """The codestream with another height and width in its own header."""
    both = side.to_bytes(2, "big") * 2
    if family.startswith("j2k"):
        sides = side.to_bytes(4, "big") * 2
        return stream[:8] + sides + stream[16:24] + sides + stream[32:]
    for marker in (0xC0, 0xC1, 0xC3, 0xF7):
        at = stream.find(bytes([0xFF, marker]))
        if at >= 0:
            return stream[: at + 5] + both + stream[at + 9 :]
    return stream


def tiny_tiles(stream):
    """JPEG 2000 of huge sides in tiles of one pixel."""
    one = (1).to_bytes(4, "big") * 2
    return stream[:24] + one + stream[32:]


def progressive(side):
    out = BytesIO()
    Image.new("L", (side, side), 99).save(out, "JPEG", progressive=True, quality=90)
    stream = out.getvalue()
    scan = stream.rfind(b"\xff\xda")
    # the last scan again and again
    return stream[:scan] + stream[scan:-2] * 400 + b"\xff\xd9"


def objects(work):
    """(name, header, syntax, codestream)."""
    for family, syntax in FAMILIES.items():
        def make(rows, columns, bits=8, samples=1):
            return codestream(syntax, rows, columns, bits, samples, work)

        plain, colour = make(SIDE, SIDE), make(SIDE, SIDE, samples=3)
        yield f"{family}-larger", header(SIDE // 2, SIDE), syntax, plain
        yield f"{family}-wider", header(SIDE, SIDE // 2), syntax, plain
        if family != "rle":  # which states no sides
            yield f"{family}-turned", header(SIDE * 2, SIDE), syntax, make(SIDE, SIDE * 2)
        yield f"{family}-smaller", header(SIDE * 2, SIDE * 2), syntax, plain
        yield f"{family}-colour", header(SIDE, SIDE), syntax, colour
        yield f"{family}-grey", header(SIDE, SIDE, samples=3), syntax, plain
        yield f"{family}-truncated", header(SIDE, SIDE), syntax, plain[: len(plain) * 2 // 3]
        yield f"{family}-headless", header(SIDE, SIDE), syntax, plain[: 3 if family == "rle" else 12]
        yield f"{family}-empty", header(SIDE, SIDE), syntax, b"\0\0"
        yield f"{family}-noise", header(SIDE, SIDE), syntax, plain[:40] + bytes(range(256)) * 16
        if family != "jpeg50":
            yield f"{family}-deeper", header(SIDE, SIDE), syntax, make(SIDE, SIDE, bits=12)
        if family != "rle":
            huge = resized(family, plain, HUGE)
            yield f"{family}-huge", header(HUGE, HUGE), syntax, huge
            yield f"{family}-huge-inside", header(SIDE, SIDE), syntax, huge
            yield f"{family}-beyond", header(65535, 65535), syntax, resized(family, plain, 65535)
        if family.startswith("j2k"):
            yield f"{family}-tiles", header(HUGE, HUGE), syntax, tiny_tiles(huge)
            small = header(4096, 4096), syntax, tiny_tiles(resized(family, plain, 4096))
            yield f"{family}-fewer-tiles", *small
    run = bytes([0x81, 7]) * (1 << 20)
    yield "rle-bomb", header(SIDE, SIDE), RLELossless, (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + run
    yield "rle-huge", header(HUGE, HUGE), RLELossless, (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + run[:4096]
    yield "rle-segments", header(SIDE, SIDE), RLELossless, b"\xff" * 64 + run[:4096]
    yield "jls80-in-90", header(SIDE, SIDE), JPEG2000Lossless, codestream(JPEGLSLossless, SIDE, SIDE, 8, 1, work)


def deflated(path, mib, pixels_too):
    """A data set that inflates to so much more than it is."""
    ds = header(SIDE, SIDE)
    pixels(ds, np.full((SIDE, SIDE), 9), 8)
    plain = BytesIO()
    ds.save_as(plain, enforce_file_format=True)
    data = plain.getvalue()
    start = data.index(b"\x08\x00\x16\x00UI")
    body = data[start:]
    if not pixels_too:
        body = body[: body.index(b"\xe0\x7f\x10\x00")]
        body += b"\xe0\x7f\x10\x00OB\0\0" + (mib << 20).to_bytes(4, "little")
    packer = zlib.compressobj(9, wbits=-15)
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    meta = Dataset()
    meta.file_meta = ds.file_meta
    whole = BytesIO()
    pydicom.filewriter.write_file_meta_info(whole, ds.file_meta, enforce_standard=True)
    with open(path, "wb") as out:
        out.write(bytes(128) + b"DICM" + whole.getvalue() + packer.compress(body))
        for _ in range(mib):
            out.write(packer.compress(bytes(1 << 20)))
        out.write(packer.flush())


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    work = out.with_name(out.name + "-work")
    work.mkdir(exist_ok=True)
    names = []
    slow = [("slow", header(HUGE // 2, HUGE // 2), JPEGBaseline8Bit, progressive(HUGE // 2)[: 1 << 20])]
    only_slow = sys.argv[2:] == ["slow"]
    for name, ds, syntax, stream in slow if only_slow else objects(work):
        ds.file_meta.TransferSyntaxUID = syntax
        items(ds, [stream + bytes(len(stream) % 2)])
        ds.save_as(out / f"{name}.dcm", enforce_file_format=True)
        names.append(name)
    bombs = [] if only_slow else [("deflated-bomb", False), ("deflated-bomb-behind-the-pixels", True)]
    for name, pixels_too in bombs:
        deflated(out / f"{name}.dcm", 1200, pixels_too)
        names.append(name)
    print(json.dumps(names))


if __name__ == "__main__":
    main()
