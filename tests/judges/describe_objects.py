#!/usr/bin/env python3
"""Says of DICOM files what their class and study are.

Reads a JSON list of paths on stdin; prints a JSON list of {"sop_class", "study"}, empty
where a file does not say. Exit: 0.
"""

import json
import sys
import warnings

import pydicom


def describe(path):
    try:
        ds = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        return {
            "sop_class": str(ds.get("SOPClassUID", "")),
            "study": str(ds.get("StudyInstanceUID", "")),
        }
    except Exception:  # the gateway holds what cannot be read
        return {"sop_class": "", "study": ""}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps([describe(path) for path in json.load(sys.stdin)]))
