#!/usr/bin/env python3
"""Reads attributes of the top level with pydicom.

    read_values.py FILE KEYWORD [KEYWORD ...]

Prints JSON, a list of texts for each keyword: the values of the attribute, of a code sequence its
CodeValues; nothing for one that is absent or empty. Exit: 0.
"""

import json
import sys

import pydicom


def texts(ds, keyword):
    if keyword not in ds or ds[keyword].is_empty:
        return []
    elem = ds[keyword]
    if elem.VR == "SQ":
        return [str(item.get("CodeValue", "")) for item in elem.value]
    return [str(value) for value in elem.value] if elem.VM > 1 else [str(elem.value)]


def main():
    ds = pydicom.dcmread(sys.argv[1], stop_before_pixels=True)
    print(json.dumps({keyword: texts(ds, keyword) for keyword in sys.argv[2:]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
