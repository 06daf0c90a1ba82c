#!/usr/bin/env python3
"""Objects whose pixels cannot be decoded, and whether a blank picture took their place.

    blanked.py make DIR        writes objects/NAME.dcm
    blanked.py judge DIR OUT   judges the results in OUT of the objects in DIR

Video, an unknown transfer syntax in Explicit and in Implicit VR, damaged and cut codestreams, a cut file, and
headers that contradict their pixels. A result must be in Explicit VR Little Endian; pydicom and DCMTK must read
in it as many frames as before, or one where that is too much, all black; and dciodvfy may find no error in it
that its source had not.

Prints JSON. Exit: 0 passed, 1 failed.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pydicom
from encoded import black
from encoded_set import COLUMNS, FRAMES, ROWS, build, run
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

HEVC, MPEG2 = UID("1.2.840.10008.1.2.4.107"), UID("1.2.840.10008.1.2.4.100")
RLE, J2K, PRIVATE = UID("1.2.840.10008.1.2.5"), UID("1.2.840.10008.1.2.4.90"), UID("1.2.276.0.7230010.3.9.9")
NOISE = bytes(range(1, 250)) * 40


def encapsulated(ds, syntax, frames, **changes):
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate(frames, has_bot=False)
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    for keyword, value in changes.items():
        setattr(ds, keyword, value)


def video(ds, long):
    frames = 30_000 if long else FRAMES
    encapsulated(ds, HEVC if long else MPEG2, [NOISE], PhotometricInterpretation="YBR_PARTIAL_420")
    ds.NumberOfFrames = frames


def cases():
    """Name, kind, what is done to the object, and whether it is written as if its syntax were implicit."""
    yield "mpeg2", "rgb8", lambda ds: video(ds, False), False
    yield "hevc-long", "rgb8", lambda ds: video(ds, True), False
    yield "private-explicit", "grey16", lambda ds: encapsulated(ds, PRIVATE, [NOISE] * FRAMES), False
    yield "private-implicit", "grey8", lambda ds: None, True
    yield "rle-damaged", "grey8", lambda ds: encapsulated(ds, RLE, [NOISE] * FRAMES), False
    yield "j2k-noise", "inverse8", lambda ds: encapsulated(ds, J2K, [b"\xff\x4f\xff\x51" + NOISE] * FRAMES), False
    yield "rows-doubled", "signed16", lambda ds: setattr(ds, "Rows", 2 * ROWS), False
    yield "bits-contradict", "grey12", lambda ds: setattr(ds, "BitsStored", 15), False


def make(directory):
    (directory / "objects").mkdir(parents=True, exist_ok=True)
    number = 0
    for name, kind, change, implicit in cases():
        number += 1
        ds, _, _ = build(kind, number)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.97.{number}"
        ds.InstanceNumber = number
        change(ds)
        path = directory / "objects" / f"{name}.dcm"
        if implicit:
            ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        pydicom.dcmwrite(path, ds)
        if implicit:
            # the same bytes under the name of nobody's syntax; there is no group length to mend
            name = str(PRIVATE).encode() + b"\0" * (len(PRIVATE) % 2)
            stated = b"UI\x12\x001.2.840.10008.1.2\0"
            raw = path.read_bytes()
            assert raw.count(stated) == 1
            path.write_bytes(raw.replace(stated, b"UI" + len(name).to_bytes(2, "little") + name))
    number += 1
    ds, _, _ = build("grey16", number)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.97.{number}"
    ds.InstanceNumber = number
    path = directory / "objects" / "cut.dcm"
    pydicom.dcmwrite(path, ds)
    path.write_bytes(path.read_bytes()[:-1000])
    print(json.dumps({"objects": number}))


# ---- judging -----------------------------------------------------------------------------------


def iod_errors(path):
    done = subprocess.run([Path(sys.executable).parent / "dciodvfy", path], capture_output=True, text=True, errors="replace")
    return {line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")}


def judge_one(source, result, work):
    faults = []
    before = pydicom.dcmread(source, stop_before_pixels=True, force=True)
    after = pydicom.dcmread(result)
    if after.file_meta.TransferSyntaxUID != ExplicitVRLittleEndian:
        return [f"left in {after.file_meta.TransferSyntaxUID.name}"]
    frames = int(after.get("NumberOfFrames") or 1)
    wanted = 1 if "long" in source.stem else FRAMES
    if frames != wanted or after.Columns != COLUMNS:
        faults.append(f"{frames} frames of {after.Rows} x {after.Columns}")
    to = work / "converted.dcm"
    for name, path in (("pydicom", result), ("dcmtk", to if run("dcmconv", "+ti", result, to) else None)):
        array = pixel_array(path, raw=True)
        level = black(after)
        if array.size != frames * after.Rows * after.Columns * after.SamplesPerPixel or (array != level).any():
            faults.append(f"{name}: not all black")
    if any(word in result.read_bytes() for word in (b"MARPLE", NOISE[:50])):
        faults.append("something is left")
    if source.stem.startswith("private") or source.stem == "cut":
        return faults  # nobody else reads the source
    new = iod_errors(result) - iod_errors(source)
    # what de-identification makes of a header alone is judged elsewhere: here the Image Pixel Module
    pixels = ("Pixel", "Bits", "Rows", "Columns", "Photometric", "Planar", "NumberOfFrames", "HighBit")
    faults += [error for error in sorted(new) if any(word in error for word in pixels)]
    return faults


def judge(directory, out):
    results = {int(pydicom.dcmread(p, stop_before_pixels=True).InstanceNumber): p for p in out.rglob("*.dcm")}
    faults = {}
    with tempfile.TemporaryDirectory() as work:
        names = [case[0] for case in cases()] + ["cut"]
        for number, name in enumerate(names, 1):
            if number not in results:
                faults[name] = ["no result"]
                continue
            found = judge_one(directory / "objects" / f"{name}.dcm", results[number], Path(work))
            if found:
                faults[name] = found
    print(json.dumps({"judged": len(results), "faults": faults}, indent=1))
    return 1 if faults or not results else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command, directories = sys.argv[1], [Path(argument) for argument in sys.argv[2:]]
    sys.exit({"make": make, "judge": judge}[command](*directories))
