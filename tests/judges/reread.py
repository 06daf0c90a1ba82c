#!/usr/bin/env python3
"""Judges that given strings cannot be read in the pixels of a delivered object, with Tesseract.

    reread.py RESULT --must-not-read STR... [--must-not-read-file FILE] [--frames N]

Every frame is rendered (whole range, and the header's window if it has one), enlarged, read in
several page segmentation modes, upright and inverted. Case, spaces and punctuation are ignored,
0/O, 1/I/l, 5/S and 8/B are the same. Strings of up to three characters must match a whole word.

Prints JSON with the index of a string that was read, never the string. Exit: 0 none of them was read
(and every --must-read was), 1 otherwise, 2 could not judge.
"""

import argparse
import json
import re
import subprocess
import sys
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageOps
from pydicom.pixels import apply_color_lut, apply_windowing, iter_pixels

FOLD = str.maketrans("OIL|SB", "011158")


def fold(text):
    return re.sub(r"[^A-Z0-9]", "", text.upper().translate(FOLD))


def grey(array):
    """8-bit grey over the whole range of the values."""
    array = array.astype(np.float64)
    if array.ndim == 3:
        array = array.max(axis=-1)  # coloured text on black is as bright as white text
    low, high = array.min(), array.max()
    return ((array - low) * (255.0 / max(high - low, 1))).astype(np.uint8)


def pictures(ds, frame):
    """The pictures of one frame that a reader could see, without repetitions."""
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        # The stored indices too: text may be plain in them where the palette hides it.
        found = [grey(apply_color_lut(frame, ds)), grey(frame)]
    else:
        found = [grey(frame)]
        if frame.ndim == 2 and "WindowCenter" in ds:
            found.append(grey(apply_windowing(frame, ds)))
        if frame.ndim == 2 and ds.BitsAllocated > 8:
            low, high = np.percentile(frame, [1, 99])
            found.append(grey(np.clip(frame, low, max(high, low + 1))))
    return [p for i, p in enumerate(found) if not any((p == q).all() for q in found[:i])]


def tesseract(image, mode):
    buffer = BytesIO()
    image.save(buffer, "PNG")
    run = subprocess.run(
        ["tesseract", "-", "-", "--psm", str(mode)],
        input=buffer.getvalue(), capture_output=True, timeout=300,
    )  # fmt: skip
    if run.returncode != 0:
        raise RuntimeError("tesseract failed: " + run.stderr.decode("utf-8", "replace")[:200])
    return run.stdout.decode("utf-8", "replace")


def readings(ds, args):
    """(frame, text) of every reading."""
    for number, frame in enumerate(iter_pixels(ds, raw=False)):
        if args.frames is not None and number >= args.frames:
            return
        for picture in pictures(ds, frame):
            if picture.min() == picture.max():
                yield number, ""
                continue
            for scale in args.scales:
                size = (picture.shape[1] * scale, picture.shape[0] * scale)
                upright = ImageOps.expand(Image.fromarray(picture).resize(size, Image.LANCZOS), 10)
                for image in (upright, ImageOps.invert(upright)):
                    for mode in args.psm:
                        yield number, tesseract(image, mode)


def contains(text, needle):
    if len(needle) <= 3:
        return needle in {fold(word) for word in text.split()}
    return needle in fold(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("result")
    parser.add_argument("--must-not-read", nargs="+", default=[], metavar="STR")
    parser.add_argument("--must-not-read-file", help="JSON list of further strings")
    parser.add_argument("--must-read", nargs="+", default=[], metavar="STR")
    parser.add_argument("--frames", type=int, help="only the first N frames")
    parser.add_argument("--psm", type=int, nargs="+", default=[6, 11, 12])
    parser.add_argument("--scales", type=int, nargs="+", default=[2, 3])
    args = parser.parse_args()
    warnings.simplefilter("ignore")

    unwanted = list(args.must_not_read)
    try:
        if args.must_not_read_file:
            unwanted += json.loads(Path(args.must_not_read_file).read_text())
        needles = [fold(s) for s in unwanted]
        wanted = [fold(s) for s in args.must_read]
        if not needles + wanted or not all(needles + wanted):
            raise ValueError("no strings given, or one without a letter or digit")
        ds = pydicom.dcmread(args.result)
        count, read, seen = 0, {}, set()
        for frame, text in readings(ds, args):
            count += 1
            for i, needle in enumerate(needles):
                if contains(text, needle):
                    read.setdefault(i, frame)
            seen |= {i for i, needle in enumerate(wanted) if contains(text, needle)}
        if count == 0:
            raise ValueError("nothing was read")
    except Exception as error:  # whatever cannot be judged has not passed
        print(json.dumps({"ok": False, "could_not_judge": type(error).__name__, "why": str(error)[:300]}))
        return 2
    unread = [i for i in range(len(wanted)) if i not in seen]
    ok = not read and not unread
    matches = [{"index": i, "frame": frame} for i, frame in sorted(read.items())]
    print(json.dumps({"ok": ok, "readings": count, "read": matches, "must_read_missing": unread}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
