#!/usr/bin/env python3
"""Objects in every native transfer syntax with text burned into one frame, and whether results are exact.

    native.py make DIR         writes objects/NAME.dcm for every syntax, photometric and depth
    native.py judge DIR OUT    judges the results in OUT of the objects in DIR
    native.py compare OUT TO   whether the objects in TO, in another syntax, have the elements and values of OUT

Three frames each; the second shows a name and a date. PLANTED stands behind the last frame, where an odd
length leaves room. A result must have its source's transfer syntax and VR of Pixel Data, and in each of at
least two of pydicom, DCMTK and GDCM: every sample as before, or black; the text black; other frames as
before. As many bytes differ in the value as samples became black, at most. Behind a deflated data set there
is nothing but padding. The safe private attribute is what it was.

Prints JSON. Exit: 0 passed, 1 failed.
"""

import json
import sys
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np
import pydicom
from encoded import black
from encoded_set import COLUMNS, FRAMES, ROWS, SHOWN, build, run
from pydicom.encaps import encapsulate, generate_frames
from pydicom.dataset import FileDataset
from pydicom.pixels import pixel_array
from pydicom.pixels.utils import pack_bits
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")
# name: syntax, VR of bytes
SYNTAXES = {
    "implicit": (ImplicitVRLittleEndian, "OW"),
    "explicit": (ExplicitVRLittleEndian, "OB"),
    "explicit-ow": (ExplicitVRLittleEndian, "OW"),
    "deflated": (DeflatedExplicitVRLittleEndian, "OW"),
    "big": (ExplicitVRBigEndian, "OB"),
    "big-ow": (ExplicitVRBigEndian, "OW"),
    "encapsulated": (UNCOMPRESSED, "OB"),
}
KINDS = ["grey8", "inverse8", "grey12", "signed16", "rgb8", "planar8", "ybr422", "grey32", "bit1"]
CREATOR, SUV = "Philips PET Private Group", 0x70531000


def made(kind, number):
    """An object in Explicit VR Little Endian, and where its text is."""
    like = {"planar8": "rgb8", "ybr422": "rgb8", "grey32": "grey16", "bit1": "grey8"}.get(kind, kind)
    ds, array, text = build(like, number)
    if kind == "planar8":
        ds.PlanarConfiguration = 1
        array = np.ascontiguousarray(np.moveaxis(array, -1, 1))
    elif kind == "ybr422":
        ds.PhotometricInterpretation = "YBR_FULL_422"
        y, b, r = array[..., 0], np.full_like(array[..., 0], 128), np.full_like(array[..., 0], 120)
        array = np.stack([y[..., ::2], y[..., 1::2], b[..., ::2], r[..., ::2]], axis=-1)
    elif kind == "grey32":
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 32, 32, 31
        array = array.astype("<u4") * 65536 + 77
    elif kind == "bit1":
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7.1"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 1, 0
        array = np.zeros((FRAMES, ROWS, COLUMNS), np.uint8)
        array[SHOWN][text] = 1
        array[:, ROWS // 2 - 2, ::3] = 1
    ds.PixelData = pack_bits(array, pad=True) if kind == "bit1" else array.tobytes()
    block = ds.private_block(0x7053, CREATOR, create=True)
    block.add_new(0x00, "DS", "1.5")
    return ds, text


def save(ds, path, syntax, vr, number):
    word = max(int(ds.BitsAllocated) // 8, 1)
    value = ds.PixelData
    if number % 3 == 0 and syntax != UNCOMPRESSED and len(value) > 200:
        value += b"PLANTED."
    ds.file_meta.TransferSyntaxUID = syntax
    ds["PixelData"].VR = "OW" if word > 1 else vr
    if syntax == UNCOMPRESSED:
        bits = int(ds.BitsAllocated) * ROWS * COLUMNS * int(ds.SamplesPerPixel)
        if ds.PhotometricInterpretation == "YBR_FULL_422":
            bits = bits * 2 // 3
        size = bits // 8
        frames = [value[i * size : (i + 1) * size] + b"PLANTED " for i in range(FRAMES)]
        value = encapsulate(frames, has_bot=True)
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    elif syntax == ExplicitVRBigEndian and ds["PixelData"].VR == "OW":
        value = np.frombuffer(value, f"<u{max(word, 2)}").byteswap().tobytes()
    ds["PixelData"].value = value
    big = syntax == ExplicitVRBigEndian
    if big:
        # its other elements are held as numbers and text, and are written in any byte order
        ds = FileDataset(None, dict(ds.items()), file_meta=ds.file_meta, preamble=bytes(128))
    pydicom.dcmwrite(path, ds, little_endian=not big, implicit_vr=syntax == ImplicitVRLittleEndian)


def make(directory):
    for part in ("objects", "text"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    number = 0
    for name, (syntax, vr) in SYNTAXES.items():
        for kind in KINDS:
            number += 1
            ds, text = made(kind, number)
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.98.{number}"
            ds.InstanceNumber = number
            path = directory / "objects" / f"{name}-{kind}.dcm"
            save(ds, path, syntax, vr, number)
            np.save(directory / "text" / f"{path.stem}.npy", text)
    print(json.dumps({"objects": number}))


# ---- judging -----------------------------------------------------------------------------------


def samples(ds):
    """By frame, row and column; colours last."""
    array = pixel_array(ds, raw=True)
    return array.astype(np.int64)


def native(ds, frames):
    """An encapsulated object with its frames put behind each other."""
    bits = int(ds.BitsAllocated) * ROWS * COLUMNS * int(ds.SamplesPerPixel)
    size = bits // 8 * 2 // 3 if ds.PhotometricInterpretation == "YBR_FULL_422" else bits // 8
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds["PixelData"].is_undefined_length = False
    ds["PixelData"].value = b"".join(frame[:size] for frame in frames)
    ds["PixelData"].VR = "OB" if int(ds.BitsAllocated) <= 8 else "OW"
    return ds


def by_decoder(path, work):
    found = {}
    ds = pydicom.dcmread(path)
    if ds.file_meta.TransferSyntaxUID == UNCOMPRESSED:
        # no other decoder takes it, but what is in the fragments is plain, and two can take them apart
        frames = list(generate_frames(ds.PixelData, number_of_frames=FRAMES))
        found["pydicom"] = samples(native(pydicom.dcmread(path), frames))
        if run("dcmdump", "+W", work, path):
            raw = [work / f"{path.name}.{number}.raw" for number in range(1, FRAMES + 1)]
            found["dcmtk"] = samples(native(ds, [fragment.read_bytes() for fragment in raw]))
        return found
    found["pydicom"] = samples(ds)
    for name, command in (("dcmtk", ["dcmconv", "+te"]), ("gdcm", ["gdcmconv", "--raw"])):
        to = work / "converted.dcm"
        to.unlink(missing_ok=True)
        if run(*command, path, to):
            array = samples(pydicom.dcmread(to))
            found[name] = np.moveaxis(array, 1, -1) if array.ndim == 4 and array.shape[-1] != 3 else array
    return found


def judge_behind(path):
    raw = path.read_bytes()
    length = int.from_bytes(raw[140:144], "little")
    stream = zlib.decompressobj(-15)
    stream.decompress(raw[144 + length :])
    return stream.unused_data in (b"", b"\0") and len(raw) % 2 == 0


def is_black(ds, now):
    if ds.PhotometricInterpretation == "YBR_FULL_422":
        return (now == np.array([0, 128, 128])).all(axis=-1)
    level = black(ds)
    return (now == level).all(axis=-1) if now.ndim == 3 else now == level


def judge_one(source, result, work):
    before, after = pydicom.dcmread(source), pydicom.dcmread(result)
    text, faults = np.load(source.parents[1] / "text" / f"{source.stem}.npy"), []
    syntax = before.file_meta.TransferSyntaxUID
    if after.file_meta.TransferSyntaxUID != syntax:
        return [f"left in {after.file_meta.TransferSyntaxUID.name}"]
    if syntax == DeflatedExplicitVRLittleEndian and not judge_behind(result):
        faults.append("something behind the deflated data set")
    raw = after.PixelData + (b"" if syntax == DeflatedExplicitVRLittleEndian else result.read_bytes())
    if any(word in raw for word in (b"PLANTED", b"LPNAET", b"MARPLE", b"AMPREL")):
        faults.append("planted text is still there")
    if SUV not in after or float(after[SUV].value) != 1.5:
        faults.append("the private attribute is not what it was")
    for keyword in ("PhotometricInterpretation", "BitsAllocated", "BitsStored", "PlanarConfiguration"):
        if before.get(keyword) != after.get(keyword):
            faults.append(f"{keyword} changed")
    old, new = by_decoder(source, work), by_decoder(result, work)
    agreeing = 0
    for name in sorted(set(old) & set(new)):
        was, now = old[name], new[name]
        if was.shape != now.shape:
            faults.append(f"{name}: another shape")
            continue
        changed = was != now
        changed = changed.any(axis=-1) if changed.ndim == 4 else changed
        others = [f for f in range(FRAMES) if f != SHOWN]
        hidden = is_black(after, now[SHOWN])
        if changed[others].any():
            faults.append(f"{name}: another frame changed")
        if not changed[SHOWN].any() or not hidden[changed[SHOWN]].all():
            faults.append(f"{name}: what changed is not black")
        if not hidden[text].all():
            faults.append(f"{name}: text is left")
        if changed[SHOWN].mean() > 0.7:
            faults.append(f"{name}: too much changed")
        agreeing += 1
    if agreeing < 2:
        faults.append(f"only {agreeing} decoders read both, of {sorted(old)} and {sorted(new)}")
    if syntax != UNCOMPRESSED:
        faults += judge_bytes(before, after, changed)
    return faults


def judge_bytes(before, after, changed):
    if syntax_has_vr(before) and before["PixelData"].VR != after["PixelData"].VR and is_big(before):
        return ["another VR of Pixel Data"]
    old, new = (np.frombuffer(ds.PixelData, np.uint8) for ds in (before, after))
    differ = int((old[: len(new)] != new[: len(old)]).sum())
    most = int(changed.sum()) * max(int(after.BitsAllocated) // 8, 1) * int(after.SamplesPerPixel)
    return [] if 0 < differ <= most else [f"{differ} bytes differ, for {most} of black samples"]


def syntax_has_vr(ds):
    return not ds.file_meta.TransferSyntaxUID.is_implicit_VR


def is_big(ds):
    return ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian


def judge(directory, out):
    results = {int(pydicom.dcmread(p, stop_before_pixels=True).InstanceNumber): p for p in out.rglob("*.dcm")}
    faults = {}
    with tempfile.TemporaryDirectory() as work:
        for source in sorted((directory / "objects").glob("*.dcm")):
            number = int(pydicom.dcmread(source, stop_before_pixels=True).InstanceNumber)
            if number not in results:
                faults[source.stem] = ["no result"]
                continue
            found = judge_one(source, results[number], Path(work))
            if found:
                faults[source.stem] = found
    print(json.dumps({"judged": len(results), "faults": faults}, indent=1))
    return 1 if faults or not results else 0


def compare(out, to):
    delivered = {str(pydicom.dcmread(p).SOPInstanceUID): p for p in to.rglob("*") if p.is_file()}
    faults, compared = {}, 0
    for path in sorted(out.rglob("*.dcm")):
        before, found = pydicom.dcmread(path), []
        after = pydicom.dcmread(delivered[str(before.SOPInstanceUID)])
        if before.file_meta.TransferSyntaxUID == UNCOMPRESSED:
            before = native(before, list(generate_frames(before.PixelData, number_of_frames=FRAMES)))
        if after.file_meta.TransferSyntaxUID != ImplicitVRLittleEndian:
            found.append("is not in Implicit VR Little Endian")
        for elem in before:
            if elem.keyword != "PixelData" and (elem.tag not in after or after[elem.tag].value != elem.value):
                found.append(f"{elem.tag} is not what it was")
        if len(after) != len(before):
            found.append("another number of elements")
        if not np.array_equal(samples(before), samples(after)):
            found.append("other values")
        if found:
            faults[path.name] = found
        compared += 1
    print(json.dumps({"compared": compared, "faults": faults}, indent=1))
    return 1 if faults or compared == 0 else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command, directories = sys.argv[1], [Path(argument) for argument in sys.argv[2:]]
    sys.exit({"make": make, "judge": judge, "compare": compare}[command](*directories))
