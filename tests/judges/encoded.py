#!/usr/bin/env python3
"""Compressed objects with text burned into one frame, and whether results are exact outside its boxes.

    encoded.py make DIR         writes objects/NAME.dcm for every syntax, photometric and depth
    encoded.py judge DIR OUT    judges the results in OUT of the objects in DIR
    encoded.py compare OUT TO   whether the native objects in TO have the header and values of those in OUT

Three frames each; the second shows a name and a date. PLANTED stands in comments, application data,
behind the end of codestreams and in fragments of their own, of every frame. The encoders are those of
DCMTK, pydicom and OpenJPEG; the decoders pylibjpeg, pydicom, DCMTK and GDCM. A result must have its
source's transfer syntax, one fragment for each frame, right offsets, no PLANTED, and in each of at least
two decoders: every sample as before, or black; the text black; other frames as before.

Prints JSON. Exit: 0 passed, 1 failed.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pydicom.encaps import encapsulate, generate_fragments, generate_frames, parse_basic_offsets
from pydicom.pixels import pixel_array
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    UID,
    generate_uid,
)
from sample import Patient, header

ROWS, COLUMNS, FRAMES, SHOWN = 96, 320, 3, 1
# multi-frame secondary captures: grey byte, grey word, true colour
CLASSES = {8: "1.2.840.10008.5.1.4.1.1.7.2", 16: "1.2.840.10008.5.1.4.1.1.7.3"}
COLOUR_CLASS = "1.2.840.10008.5.1.4.1.1.7.4"

# kind: photometric, bits allocated, bits stored, signed
KINDS = {
    "grey8": ("MONOCHROME2", 8, 8, False),
    "inverse8": ("MONOCHROME1", 8, 8, False),
    "grey12": ("MONOCHROME2", 16, 12, False),
    "grey16": ("MONOCHROME2", 16, 16, False),
    "signed16": ("MONOCHROME2", 16, 16, True),
    "rgb8": ("RGB", 8, 8, False),
}
SYNTAXES = {
    "rle": (RLELossless, list(KINDS)),
    "jpeg50": (JPEGBaseline8Bit, ["grey8", "inverse8", "rgb8"]),
    "jpeg57": (JPEGLossless, ["grey8", "grey12", "grey16", "rgb8", "inverse8"]),
    "jpeg70": (JPEGLosslessSV1, ["grey8", "grey12", "grey16", "signed16", "rgb8"]),
    "jls80": (JPEGLSLossless, ["grey8", "grey12", "grey16", "rgb8", "inverse8"]),
    "jls81": (JPEGLSNearLossless, ["grey8", "grey12", "rgb8"]),
    "j2k90": (JPEG2000Lossless, list(KINDS)),
    "j2k91": (JPEG2000, ["grey8", "grey12", "rgb8"]),
}


def picture(kind):
    """The samples of every frame, and where the text is."""
    photometric, allocated, stored, signed = KINDS[kind]
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    canvas = Image.new("L", (COLUMNS, ROWS))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(24)
    draw.text((12, 8), "MARPLE^JANE", fill=255, font=font)
    draw.text((12, 56), "12.03.1945", fill=255, font=font)
    text = np.asarray(canvas) > 128
    top = (1 << stored) - 1
    frames = []
    for number in range(FRAMES):
        shade = 0.25 + 0.1 * number + 0.2 * (x / COLUMNS) + 0.1 * (y / ROWS)
        if photometric == "MONOCHROME1":
            shade = 1 - shade
        level = np.clip(shade * top + (x * 7 + y * 13) % 5, 0, top).astype(np.int64)
        if number == SHOWN:
            level[text] = 0 if photometric == "MONOCHROME1" else top
        if photometric == "RGB":
            level = np.stack([level, level * 9 // 10, level * 8 // 10], axis=-1)
        frames.append(level - (1 << (stored - 1)) if signed else level)
    dtype = f"<{'i' if signed else 'u'}{allocated // 8}"
    return np.stack(frames).astype(dtype), text


def build(kind, number):
    rng = random.Random(number)
    patient = Patient(rng, number)
    study = {"date": "20240102", "time": "101112", "accession": "ACC1234567"}

    def uid(*parts):
        return generate_uid(entropy_srcs=[str(number), *map(str, parts)])

    ds, _ = header(patient, study, "US", 1, number, uid)
    photometric, allocated, stored, signed = KINDS[kind]
    array, text = picture(kind)
    ds.SOPClassUID = COLOUR_CLASS if photometric == "RGB" else CLASSES[allocated]
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.PatientName = "MARPLE^JANE"
    ds.Modality = "OT"
    ds.Rows, ds.Columns, ds.NumberOfFrames = ROWS, COLUMNS, FRAMES
    ds.PhotometricInterpretation = photometric
    ds.SamplesPerPixel = 3 if photometric == "RGB" else 1
    if photometric == "RGB":
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, stored - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelData = array.tobytes()
    ds["PixelData"].VR = "OB" if allocated == 8 else "OW"
    return ds, text


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode == 0


def compress(ds, path, syntax):
    if syntax in (RLELossless, JPEG2000Lossless, JPEG2000):
        options = {"j2k_psnr": [60]} if syntax == JPEG2000 else {}
        ds.compress(syntax, generate_instance_uid=False, **options)
        ds.save_as(path)
        return
    plain = path.with_suffix(".plain")
    ds.save_as(plain)
    tool = {
        JPEGLossless: ["dcmcjpeg", "+el", "+sv", "4"],
        JPEGLosslessSV1: ["dcmcjpeg", "+e1"],
        JPEGLSLossless: ["dcmcjpls", "+el"],
        JPEGLSNearLossless: ["dcmcjpls", "+en", "+md", "2"],
        JPEGBaseline8Bit: ["dcmcjpeg", "+eb"],
    }[syntax]
    if not run(*tool, plain, path):
        raise RuntimeError(f"{tool} failed for {path.name}")
    plain.unlink()


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def plant(frame, syntax):
    """The frame with PLANTED wherever no decoder looks."""
    behind = b"PLANTED BEHIND"
    if syntax == RLELossless:
        return frame + behind
    if syntax in (JPEG2000Lossless, JPEG2000):
        at = 4 + int.from_bytes(frame[4:6], "big")
        return frame[:at] + segment(0x64, b"\x00\x01PLANTED") + frame[at:].rstrip(b"\x00") + behind
    planted = segment(0xFE, b"PLANTED") + segment(0xE1, b"Exif\0\0PLANTED")
    end = frame.rindex(b"\xff\xd9")
    return frame[:2] + planted + frame[2:end] + segment(0xFE, b"PLANTED") + b"\xff\xd9" + behind


def make(directory):
    for part in ("objects", "reference"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    number = 0
    for name, (syntax, kinds) in SYNTAXES.items():
        for kind in kinds:
            number += 1
            ds, text = build(kind, number)
            # what decoders that stumble over planted bytes read in its place
            clean = directory / "reference" / f"{name}-{kind}.dcm"
            compress(ds, clean, syntax)
            ds = pydicom.dcmread(clean)
            frames = [plant(f, syntax) for f in generate_frames(ds.PixelData, number_of_frames=FRAMES)]
            fragments = 1 if syntax == RLELossless else 2
            ds.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=True)
            ds["PixelData"].is_undefined_length = True
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.99.{number}"
            ds.InstanceNumber = number
            ds.save_as(directory / "objects" / clean.name)
            np.save(clean.with_suffix(".npy"), text)
    print(json.dumps({"objects": number}))


# ---- judging -----------------------------------------------------------------------------------


def converted(path, work, *command):
    """Decoded by another program, and read as native pixels."""
    to = work / "native.dcm"
    to.unlink(missing_ok=True)
    if not run(*command, path, to):
        return []
    ds = pydicom.dcmread(to)
    return [] if ds.file_meta.TransferSyntaxUID.is_compressed else [pixel_array(ds, raw=True)]


def decoded(path, work):
    """What each decoder makes of the stored values, by its name."""
    syntax = UID(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)
    dcmtk = {
        RLELossless: ["dcmdrle"],
        JPEGLossless: ["dcmdjpeg", "+cn"],
        JPEGLosslessSV1: ["dcmdjpeg", "+cn"],
        JPEGLSLossless: ["dcmdjpls"],
        JPEGLSNearLossless: ["dcmdjpls"],
    }.get(syntax)
    if syntax == JPEGBaseline8Bit:
        # as RGB: not every decoder gives the components
        plugins = ("pylibjpeg", "pillow")
        return {p: pixel_array(path, decoding_plugin=p).astype(np.int64) for p in plugins}
    found = {"pydicom": [pixel_array(path, raw=True)]}
    if dcmtk:
        found["dcmtk"] = converted(path, work, *dcmtk)
    found["gdcm"] = converted(path, work, "gdcmconv", "--raw")
    arrays = {}
    for name, some in found.items():
        for array in some:
            # GDCM writes what was by pixel by plane, or the other way round
            if array.ndim == 4 and array.shape[-1] != 3:
                array = np.moveaxis(array, 1, -1)
            arrays[name] = array.astype(np.int64)
    return arrays


def black(ds):
    stored, signed = int(ds.BitsStored), int(ds.PixelRepresentation)
    low = -(1 << (stored - 1)) if signed else 0
    return low + (1 << stored) - 1 if ds.PhotometricInterpretation == "MONOCHROME1" else low


def judge_one(source, clean, result, work):
    faults = []
    text = np.load(clean.with_suffix(".npy"))
    before, after = pydicom.dcmread(source), pydicom.dcmread(result)
    if after.file_meta.TransferSyntaxUID != before.file_meta.TransferSyntaxUID:
        return [f"left in {after.file_meta.TransferSyntaxUID.name}"]
    if b"PLANTED" in result.read_bytes() or b"MARPLE" in result.read_bytes():
        faults.append("planted text is still there")
    table = int.from_bytes(after.PixelData[4:8], "little")
    fragments = list(generate_fragments(after.PixelData[8 + table :]))
    offsets, at = [], 0
    for fragment in fragments:
        offsets.append(at)
        at += 8 + len(fragment)
    if len(fragments) != FRAMES or list(parse_basic_offsets(after.PixelData)) not in ([], offsets):
        faults.append("fragments or offsets are wrong")
    for keyword in ("PhotometricInterpretation", "BitsStored", "PixelRepresentation", "PlanarConfiguration"):
        irreversible = before.get(keyword) == "YBR_ICT" and after.get(keyword) == "YBR_RCT"
        if before.get(keyword) != after.get(keyword) and not irreversible:
            faults.append(f"{keyword} changed")
    old, new = decoded(clean, work), decoded(result, work)
    agreeing = 0
    for name in sorted(set(old) & set(new)):
        was, now = old[name], new[name]
        if was.shape != now.shape:
            faults.append(f"{name}: another shape")
            continue
        changed = was != now
        if changed.ndim == 4:
            changed = changed.any(axis=-1)
        others = [f for f in range(FRAMES) if f != SHOWN]
        if changed[others].any():
            faults.append(f"{name}: another frame changed")
        is_black = now[SHOWN] == black(after)
        is_black = is_black.all(axis=-1) if is_black.ndim == 3 else is_black
        allowed = is_black
        if UID(after.file_meta.TransferSyntaxUID) == JPEGBaseline8Bit:
            # subsampled colours reach over the border of a block
            image = Image.fromarray((is_black & changed[SHOWN]).astype(np.uint8) * 255)
            allowed = np.asarray(image.filter(ImageFilter.MaxFilter(5))) > 0
        if not changed[SHOWN].any() or not allowed[changed[SHOWN]].all():
            faults.append(f"{name}: what changed is not black")
        if not is_black[text].all():
            faults.append(f"{name}: text is left")
        if changed[SHOWN].mean() > 0.7:
            faults.append(f"{name}: too much changed")
        agreeing += 1
    if agreeing < 2:
        faults.append(f"only {agreeing} decoders read both, of {sorted(old)} and {sorted(new)}")
    return faults


def judge(directory, out):
    results = {int(pydicom.dcmread(p, stop_before_pixels=True).InstanceNumber): p for p in out.rglob("*.dcm")}
    faults = {}
    with tempfile.TemporaryDirectory() as work:
        for source in sorted((directory / "objects").glob("*.dcm")):
            number = int(pydicom.dcmread(source, stop_before_pixels=True).InstanceNumber)
            if number not in results:
                faults[source.stem] = ["no result"]
                continue
            clean = directory / "reference" / source.name
            found = judge_one(source, clean, results[number], Path(work))
            if found:
                faults[source.stem] = found
    print(json.dumps({"judged": len(results), "faults": faults}, indent=1))
    return 1 if faults or not results else 0


# What describes the form of pixels, and may change with it.
FORM = {"PixelData", "PhotometricInterpretation", "PlanarConfiguration"}


def same_values(before, after):
    if before.file_meta.TransferSyntaxUID != JPEGBaseline8Bit:
        return np.array_equal(pixel_array(before, raw=True), pixel_array(after, raw=True))
    # decoders round, and interpolate colours, each in its way
    native = pixel_array(after).astype(np.int64)
    decoded_by = [pixel_array(before, decoding_plugin=p) for p in ("pylibjpeg", "pillow")]
    return any((np.abs(native - array) <= 3).mean() > 0.995 for array in decoded_by)


def compare(out, to):
    native = {str(pydicom.dcmread(p).SOPInstanceUID): p for p in to.rglob("*") if p.is_file()}
    faults, compared = {}, 0
    for path in sorted(out.rglob("*.dcm")):
        before, found = pydicom.dcmread(path), []
        after = pydicom.dcmread(native[str(before.SOPInstanceUID)])
        if not before.file_meta.TransferSyntaxUID.is_compressed:
            found.append("was not compressed")
        if after.file_meta.TransferSyntaxUID.is_compressed:
            found.append("is compressed")
        for elem in before:
            if elem.keyword not in FORM and (elem.tag not in after or after[elem.tag].value != elem.value):
                found.append(f"{elem.tag} is not what it was")
        if len(after) != len(before):
            found.append("another number of elements")
        if not same_values(before, after):
            found.append("other values")
        if found:
            faults[path.name] = found
        compared += 1
    print(json.dumps({"compared": compared, "faults": faults}, indent=1))
    return 1 if faults or compared == 0 else 0


if __name__ == "__main__":
    command, directories = sys.argv[1], [Path(argument) for argument in sys.argv[2:]]
    sys.exit({"make": make, "judge": judge, "compare": compare}[command](*directories))
