#!/usr/bin/env python3
"""Three boxes for every image, as device masks and as a list for the judge.

    three_boxes.py OUT PROFILE < FILES     FILES: a JSON list of paths

For file number N it writes OUT/N.toml, the masks, and OUT/N.json, the boxes; without pixels, neither. The
first box lies in the corner of the first frame, the second has odd sides and is in the middle of the middle
frame, the third is on the last frame, up to its border. OUT/profile.toml is PROFILE, results in the transfer
syntax of their source, with the pixels of every SOP class of FILES skipped: nothing is read, masks alone hide.

Prints JSON: how many have boxes. Exit: 0.
"""

import json
import sys
import warnings
from pathlib import Path

import pydicom

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def boxes_of(rows, columns, frames):
    def odd(length):
        return max(length // 3 - (length // 3 + 1) % 2, 1)

    wide, high = max(columns // 5, 1), max(rows // 7, 1)
    left, top = columns // 3, rows // 3
    return [
        (0, (0, 0, wide, high)),
        (frames // 2, (left, top, left + odd(columns), top + odd(rows))),
        (frames - 1, (columns - wide, rows - high, columns, rows)),
    ]


def mask(boxes):
    lines = ["[[masks]]", 'name = "three-boxes"', 'sop_class = "*"', "boxes = ["]
    for frame, box in boxes:
        sides = ", ".join(f"{side} = {at}" for side, at in zip(("left", "top", "right", "bottom"), box))
        lines.append(f"    {{ {sides}, first_frame = {frame}, last_frame = {frame} }},")
    return "\n".join([*lines, "]", ""])


def main():
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    out, profile = Path(sys.argv[1]), Path(sys.argv[2]).read_text()
    classes, made = set(), 0
    for number, path in enumerate(json.load(sys.stdin)):
        try:
            ds = pydicom.dcmread(path)
            classes.add(str(ds.get("SOPClassUID") or "1.2"))
            if not any(keyword in ds for keyword in PIXELS):
                continue
            frames = int(ds.get("NumberOfFrames") or 1)
            boxes = boxes_of(int(ds.Rows), int(ds.Columns), frames)
        except Exception:  # whatever pydicom does not read is held: the manifest says so
            continue
        (out / f"{number}.toml").write_text(mask(boxes))
        (out / f"{number}.json").write_text(json.dumps([{"frame": f, "box": b} for f, b in boxes]))
        made += 1
    for value in ("explicit", "same"):
        profile = profile.replace(f'transfer_syntax = "{value}"', 'transfer_syntax = "same"')
    assert 'transfer_syntax = "same"' in profile and profile.rstrip().endswith("[pixels]")
    skipped = "".join(f'"{uid}" = "skip"\n' for uid in sorted(classes))
    (out / "profile.toml").write_text(profile + skipped)
    print(json.dumps({"with_boxes": made}))


if __name__ == "__main__":
    main()
