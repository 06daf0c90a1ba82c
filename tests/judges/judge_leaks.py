#!/usr/bin/env python3
"""Searches the raw bytes of results, their names and paths for the strings of leak_probe.py.

    judge_leaks.py LISTING.json PROFILE RESULTDIR
    judge_leaks.py LISTING.json --sent DIR

In every encoding that a string can be written in, whatever the case. Every object of the listing must be
there once, and hold the words that the profile keeps. Prints a line for each fault: the number of a marker,
where it was planted, and the object that it is in; never the string. Exit: 0 passed, 1 failed.
With --sent: prints the places of markers that are in no file, as a JSON list; that is how far to trust it.
"""

import json
import re
import sys
import warnings
import zlib
from pathlib import Path

import pydicom
from pynetdicom.dsutils import split_dataset

# A string of one script is the same in many of these.
ENCODINGS = [
    "utf-8", "utf-16-le", "utf-16-be", "latin-1", "iso8859-2", "iso8859-5", "shift_jis", "euc_jp", "iso2022_jp", "iso2022_jp_2",
    "euc_kr", "iso2022_kr", "johab", "gb18030", "big5",
]  # fmt: skip
DEFLATED = "1.2.840.10008.1.2.1.99"
# 128 bits of a hash.
MADE_UID = re.compile(rb"(?<![0-9.])2\.25\.[0-9]{30,39}(?![0-9.])")
ESCAPE = re.compile(rb"\x1b[$()\-./][()A-Z@]*[A-Z0-9@]|\x0e|\x0f")


def forms(string):
    """Every sequence of bytes that a string could be, in lower case."""
    found = set()
    for text in {string, string.lower(), string.upper(), string.title()}:
        for encoding in ENCODINGS:
            try:
                encoded = text.encode(encoding)
            except UnicodeError:
                continue
            # without the escapes around it, as text before or after may share them
            found.add(ESCAPE.sub(b"", encoded).lower())
    # shorter ones come about by chance
    return {form for form in found if len(form) >= 4}


def is_in(form, data):
    """Whether a string is in these bytes. Eight digits come about by chance within a UID that was made of a
    hash, so a date is not looked for there."""
    if form not in data:
        return False
    return not (form.isdigit() and len(form) < 12) or form in MADE_UID.sub(b"2.25.", data)


def looked(path, root):
    """The bytes of a file, and everywhere that a marker may be."""
    data = path.read_bytes()
    meta, start = split_dataset(path)
    if meta.TransferSyntaxUID == DEFLATED:
        data = data[:start] + zlib.decompress(data[start:], -zlib.MAX_WBITS)
    name = str(path.relative_to(root)).lower().encode()
    return data, {"bytes": ESCAPE.sub(b"", data).lower(), "whole bytes": data.lower(), "name": name}


def print_unseen(markers, root):
    everywhere = [place for path in root.iterdir() for place in looked(path, root)[1].values()]
    unseen = [
        m["place"] for m, strings in markers if not any(is_in(s, place) for s in strings for place in everywhere)
    ]
    print(json.dumps(unseen))
    return 0


def main():
    listing = json.loads(Path(sys.argv[1]).read_text())
    profile, root = sys.argv[2], Path(sys.argv[3])
    markers = [(m, set().union(*map(forms, m["strings"]))) for m in listing["markers"]]
    assert len(markers) >= 80 and all(found for _, found in markers), "too few markers"
    if profile == "--sent":
        return print_unseen(markers, root)
    faults, delivered = [], {}
    warnings.simplefilter("ignore")
    files = sorted(path for path in root.rglob("*") if path.is_file())
    labels = {(o["series"], o["instance"]): o for o in listing["objects"]}
    for path in files:
        data, looked_at = looked(path, root)
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        of = labels.get((int(ds.SeriesNumber), int(ds.InstanceNumber)))
        assert of, "a result of no object"
        delivered.setdefault(of["label"], []).append(data)
        for marker, strings in markers:
            where = [name for name, bytes_ in looked_at.items() if any(is_in(s, bytes_) for s in strings)]
            if where:
                faults.append(
                    f"leak {marker['number']:03d} ({marker['place']}) in the {where[0]} of: {of['label']}"
                )
    for of in listing["objects"]:
        copies = delivered.get(of["label"], [])
        if len(copies) != 1:
            faults.append(f"{of['label']}: delivered {len(copies)} times")
        there = ESCAPE.sub(b"", copies[0]).lower() if copies else None
        lost = [w for w in of["keep"][profile] if there and not any(form in there for form in forms(w))]
        faults.extend(f"{of['label']}: lost the words {word!r}" for word in lost)
    print("\n".join(faults))
    print(f"{len(files)} results, {len(markers)} markers, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
