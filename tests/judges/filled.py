#!/usr/bin/env python3
"""Whether a box of every frame of every result has the colour that it should be filled with.

    filled.py OUT LEFT TOP RIGHT BOTTOM RRGGBB

By pydicom: colours as RGB, each within a level (in lossy JPEG, within what its quantisation leaves); greys as
the share of the stored range that the luminance is of white, inverted for MONOCHROME1.

Prints JSON: how many, how many of each transfer syntax, the faults. Exit: 0 passed, 1 failed.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import pixel_array
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEGExtended12Bit

LOSSY = {JPEGBaseline8Bit, JPEGExtended12Bit}
UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")


def nearest(ds, rgb):
    """The index whose colour is nearest to a colour."""
    tables = [ds[f"{name}PaletteColorLookupTableData"].value for name in ("Red", "Green", "Blue")]
    colours = np.stack([np.frombuffer(table, "<u2") / 257 for table in tables], axis=-1)
    return int(((colours - np.array(rgb)) ** 2).sum(axis=-1).argmin())


def judge_one(path, box, rgb):
    ds = pydicom.dcmread(path)
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax == UNCOMPRESSED:
        from native import native
        from pydicom.encaps import generate_frames

        ds = native(ds, list(generate_frames(ds.PixelData, number_of_frames=int(ds.NumberOfFrames))))
    if syntax == ExplicitVRBigEndian and int(ds.BitsAllocated) == 1 and ds["PixelData"].VR == "OW":
        # pydicom takes the bytes of the words as they lie, here as in the source
        ds.PixelData = np.frombuffer(ds.PixelData, ">u2").astype("<u2").tobytes()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    left, top, right, bottom = box
    stored, frames = int(ds.BitsStored), int(ds.get("NumberOfFrames") or 1)
    if int(ds.SamplesPerPixel) == 3:
        wide = ((1 << stored) - 1) / 255
        array, wanted, near = pixel_array(ds), np.array(rgb) * wide, wide
        array = array.reshape(frames, int(ds.Rows), int(ds.Columns), 3)
        near *= 3 if ds.PhotometricInterpretation.startswith("YBR") else 1
    else:
        low = -(1 << (stored - 1)) if int(ds.PixelRepresentation) else 0
        share = (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255
        share = 1 - share if ds.PhotometricInterpretation == "MONOCHROME1" else share
        wanted, near = low + share * ((1 << stored) - 1), 1
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            wanted, near = nearest(ds, rgb), 0
        array = pixel_array(ds, raw=True).reshape(frames, int(ds.Rows), int(ds.Columns))
    near = 24 * (1 << stored) // 256 if syntax in LOSSY else near
    faults = []
    for frame in array:
        region = frame[top:bottom, left:right].astype(np.int64)
        if (region != region[0, 0]).any():
            faults.append("the box has several colours")
        elif (np.abs(region[0, 0] - wanted) > near).any():
            faults.append(f"the box is {region[0, 0]}, not {wanted}")
    return sorted(set(faults))


def main():
    out, box = Path(sys.argv[1]), [int(v) for v in sys.argv[2:6]]
    rgb = tuple(bytes.fromhex(sys.argv[6]))
    results = sorted(out.rglob("*.dcm"))
    faults, syntaxes = {}, {}
    for path in results:
        name = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID.name
        syntaxes[name] = syntaxes.get(name, 0) + 1
        found = judge_one(path, box, rgb)
        if found:
            ds = pydicom.dcmread(path, stop_before_pixels=True)
            faults[f"{ds.file_meta.TransferSyntaxUID.name}, {ds.PhotometricInterpretation} {path.name}"] = found
    print(json.dumps({"judged": len(results), "syntaxes": syntaxes, "faults": faults}, indent=1))
    return 1 if faults or not results else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
