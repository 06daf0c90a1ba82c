#!/usr/bin/env python3
"""Compressed objects with text burned into one frame, and whether results are exact outside its boxes.

    encoded.py make DIR         writes objects/NAME.dcm for every syntax, photometric and depth (encoded_set.py)
    encoded.py judge DIR OUT    judges the results in OUT of the objects in DIR
    encoded.py compare OUT TO   whether the native objects in TO have the header and values of those in OUT

Three frames each; the second shows a name and a date, but in those called plain. PLANTED stands in comments,
application data, boxes, behind the end of codestreams and in fragments of their own, of every frame. The
decoders are pylibjpeg, pydicom, DCMTK, GDCM, OpenJPH, libjxl and libjpeg-turbo. A result must have its source's
transfer syntax (or, of those that nothing encodes, JPEG 2000 Lossless if a frame was blanked), one fragment for
each frame, right offsets, no PLANTED, and in each of at least two decoders: every sample as before, or black;
the text black; other frames as before.

Prints JSON. Exit: 0 passed, 1 failed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from encoded_set import (
    BY_CODESTREAM,
    DCT,
    FRAMES,
    HTJ2K,
    JPEG_XL,
    JPEGXL,
    REPLACED,
    SHOWN,
    JPEGXLJPEGRecompression,
    make,
    run,
)
from PIL import Image, ImageFilter
from pydicom.encaps import generate_fragments, generate_frames, parse_basic_offsets
from pydicom.pixels import pixel_array
from pydicom.uid import (
    JPEG2000Lossless,
    JPEG2000MC,
    JPEG2000MCLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    UID,
)

LOSSY = (HTJ2K, JPEGXL, JPEGXLJPEGRecompression)
DCMTK = {
    RLELossless: ["dcmdrle"],
    JPEGBaseline8Bit: ["dcmdjpeg", "+cn"],
    JPEGExtended12Bit: ["dcmdjpeg", "+cn"],
    JPEGLossless: ["dcmdjpeg", "+cn"],
    JPEGLosslessSV1: ["dcmdjpeg", "+cn"],
    JPEGLSLossless: ["dcmdjpls"],
    JPEGLSNearLossless: ["dcmdjpls"],
}


def converted(path, work, *command):
    """Decoded by another program, and read as native pixels."""
    to = work / "native.dcm"
    to.unlink(missing_ok=True)
    if not run(*command, path, to):
        return []
    ds = pydicom.dcmread(to)
    return [] if ds.file_meta.TransferSyntaxUID.is_compressed else [pixel_array(ds, raw=True)]


def by_djxl(frame, work):
    (work / "frame.jxl").write_bytes(frame)
    subprocess.run(["djxl", work / "frame.jxl", work / "frame.png"], check=True, capture_output=True)
    return imagecodecs.png_decode((work / "frame.png").read_bytes())


def by_codestream(ds, work):
    """Frames decoded without their header."""
    syntax = ds.file_meta.TransferSyntaxUID
    frames = list(generate_frames(ds.PixelData, number_of_frames=FRAMES))
    if syntax not in JPEG_XL:
        return {"openjph": [np.stack([imagecodecs.htj2k_decode(frame) for frame in frames])]}
    found = {"libjxl": [np.stack([imagecodecs.jpegxl_decode(frame) for frame in frames])]}
    if ds.BitsStored in (8, 16):
        # Debian's is several years older; a picture of 12 bits would be spread over 16
        found["djxl"] = [np.stack([by_djxl(frame, work) for frame in frames])]
    return found


def decoded(path, work):
    """What each decoder makes of the stored values, by its name."""
    ds = pydicom.dcmread(path)
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    if syntax in DCT and ds.SamplesPerPixel == 3:
        # as RGB: not every decoder gives the components
        plugins = ("pylibjpeg", "pillow")
        return {p: pixel_array(path, decoding_plugin=p).astype(np.int64) for p in plugins}
    if syntax in BY_CODESTREAM:
        found = by_codestream(ds, work)
        if syntax not in JPEG_XL:
            found["pydicom"] = [pixel_array(path, raw=True)]
    else:
        if syntax in (JPEG2000MC, JPEG2000MCLossless):
            ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
            path = work / "as-part-1.dcm"
            ds.save_as(path)
        found = {"pydicom": [pixel_array(path, raw=True)]}
        if syntax in DCMTK:
            found["dcmtk"] = converted(path, work, *DCMTK[syntax])
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
    if ds.PhotometricInterpretation == "YBR_FULL":
        return np.array([0, 128, 128])
    return low + (1 << stored) - 1 if ds.PhotometricInterpretation == "MONOCHROME1" else low


def form_faults(before, after, blanked):
    """Transfer syntax, fragments, offsets and header of a result."""
    faults = []
    syntax, now = before.file_meta.TransferSyntaxUID, after.file_meta.TransferSyntaxUID
    if now != (JPEG2000Lossless if blanked and syntax in REPLACED else syntax):
        return [f"left in {now.name}"]
    table = int.from_bytes(after.PixelData[4:8], "little")
    fragments = list(generate_fragments(after.PixelData[8 + table :]))
    offsets, at = [], 0
    for fragment in fragments:
        offsets.append(at)
        at += 8 + len(fragment)
    if len(fragments) != FRAMES or list(parse_basic_offsets(after.PixelData)) not in ([], offsets):
        faults.append("fragments or offsets are wrong")
    for keyword in ("PhotometricInterpretation", "BitsStored", "PixelRepresentation", "PlanarConfiguration"):
        reversible = after.get(keyword) == "YBR_RCT" and (
            before.get(keyword) == "YBR_ICT" or (blanked and syntax in JPEG_XL)
        )
        if before.get(keyword) != after.get(keyword) and not reversible:
            faults.append(f"{keyword} changed")
    return faults


def judge_arrays(was, now, after, text, slack):
    """Whether what one decoder gave of the source and of the result differs in black alone."""
    if was.shape != now.shape:
        return ["another shape"]
    faults = []
    changed = np.abs(was - now) > slack
    if changed.ndim == 4:
        changed = changed.any(axis=-1)
    others = [f for f in range(FRAMES) if f != SHOWN]
    if changed[others].any():
        faults.append("another frame changed")
    if not text.any():
        return faults + (["what nobody blanked changed"] if changed.any() else [])
    is_black = now[SHOWN] == black(after)
    is_black = is_black.all(axis=-1) if is_black.ndim == 3 else is_black
    allowed = is_black
    if after.file_meta.TransferSyntaxUID in DCT and after.SamplesPerPixel == 3:
        # subsampled colours reach over the border of a block
        image = Image.fromarray((is_black & changed[SHOWN]).astype(np.uint8) * 255)
        allowed = np.asarray(image.filter(ImageFilter.MaxFilter(5))) > 0
    if not changed[SHOWN].any() or not allowed[changed[SHOWN]].all():
        faults.append("what changed is not black")
    if not is_black[text].all():
        faults.append("text is left")
    if changed[SHOWN].mean() > 0.7:
        faults.append("too much changed")
    return faults


def judge_one(source, clean, result, work):
    text = np.load(clean.with_suffix(".npz"))["text"]
    before, after = pydicom.dcmread(source), pydicom.dcmread(result)
    syntax = before.file_meta.TransferSyntaxUID
    faults = form_faults(before, after, text.any())
    if b"PLANTED" in result.read_bytes() or b"MARPLE" in result.read_bytes():
        faults.append("planted text is still there")
    old, new = decoded(clean, work), decoded(result, work)
    agreeing = 0
    for name, now in new.items():
        was, slack = old.get(name), 0
        if was is None and syntax in REPLACED:
            # a decoder that reads the syntax of the result alone; two round lossy samples differently
            was, slack = next(iter(old.values())), 2 if syntax in LOSSY else 0
        if was is None:
            continue
        faults += [f"{name}: {fault}" for fault in judge_arrays(was, now, after, text, slack)]
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


def same_values(before, after, path):
    if before.file_meta.TransferSyntaxUID not in DCT:
        with tempfile.TemporaryDirectory() as work:
            array = next(iter(decoded(path, Path(work)).values()))
        return np.array_equal(array, pixel_array(after, raw=True))
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
        if not same_values(before, after, path):
            found.append("other values")
        if found:
            faults[path.name] = found
        compared += 1
    print(json.dumps({"compared": compared, "faults": faults}, indent=1))
    return 1 if faults or compared == 0 else 0


def make_all(directory):
    print(json.dumps({"objects": make(directory)}))
    return 0


if __name__ == "__main__":
    command, directories = sys.argv[1], [Path(argument) for argument in sys.argv[2:]]
    sys.exit({"make": make_all, "judge": judge, "compare": compare}[command](*directories))
