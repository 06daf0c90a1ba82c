#!/usr/bin/env python3
"""Judges that every date of one patient moved by one number of days, with pydicom alone.

    judge_dates.py SOURCE RESULT [SOURCE RESULT ...]

Every DA and DT of a source, at any level, that still has a value in its result must have moved by the
same whole days in all pairs, and not by none; every TM that still has a value is what it was. Dates
that the result does not have are not judged, but some must be left in each pair.

Prints JSON: {"days": the offset, "dates": how many were compared}. It names tags, never a value.
Exit: 0 passed, 1 failed.
"""

import datetime
import json
import sys

import pydicom


def times(level, path=""):
    """(path, VR, text) of every date and time with a value, at every level."""
    for elem in level:
        here = f"{path}{elem.tag}"
        if elem.VR == "SQ":
            for number, item in enumerate(elem.value or []):
                yield from times(item, f"{here}[{number}]>")
        elif elem.VR in ("DA", "DT", "TM") and elem.value:
            values = [elem.value] if isinstance(elem.value, str) else list(elem.value)
            for number, value in enumerate(values):
                yield f"{here}#{number}", elem.VR, str(value)


def day(text):
    return datetime.datetime.strptime(text[:8], "%Y%m%d").date()


def main():
    files = sys.argv[1:]
    offsets, failures, count = {}, [], 0
    for source, result in zip(files[::2], files[1::2], strict=True):
        before = {path: (vr, text) for path, vr, text in times(pydicom.dcmread(source))}
        moved = 0
        for path, vr, text in times(pydicom.dcmread(result)):
            if path not in before:
                failures.append(f"{path} is new")
            elif vr == "TM":
                if text != before[path][1]:
                    failures.append(f"{path} is another time")
            elif text[8:] != before[path][1][8:]:
                failures.append(f"{path} has another time of day")
            else:
                offsets.setdefault((day(text) - day(before[path][1])).days, []).append(path)
                moved += 1
        if not moved:
            failures.append("a result has no date to judge")
        count += moved
    if len(offsets) != 1:
        failures.append(f"dates moved by {len(offsets)} numbers of days")
    if 0 in offsets:
        failures.append("a date did not move")
    days = next(iter(offsets), None)
    print(json.dumps({"days": days, "dates": count, "failures": failures}))
    return 1 if failures or not files else 0


if __name__ == "__main__":
    sys.exit(main())
