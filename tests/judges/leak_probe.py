#!/usr/bin/env python3
"""Writes objects with numbered strings planted wherever a tool was ever seen to leave one.

    leak_probe.py OUTDIR [--seed S]

The names of the files are planted, too, and so is the AE title that the listing names as `calling`.
Prints JSON: "calling", "markers" (a list of {"number", "place", "strings"}), and "objects" (a list of
{"file", "label", "series", "instance", "keep"}): each of them is to be delivered, with the words of
`keep` for the profile in it. judge_leaks.py reads it. Exit: 0.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

import pydicom
from leaks import objects, report
from leaks.markers import Markers

KINDS = [
    objects.ct, objects.patterns, objects.ct_utf8, objects.ct_declared_wrong, objects.ultrasound, objects.jpeg, objects.structures,
    objects.presentation, objects.pdf, report.comprehensive, report.japanese,
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    out = Path(args.outdir)
    out.mkdir(parents=True, exist_ok=True)
    # what is written is meant to break rules
    warnings.simplefilter("ignore")
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    markers, listing = Markers(args.seed), []
    for number, make in enumerate(KINDS, 1):
        obj = make(markers, number)
        obj.finish()
        if getattr(obj, "wrong", False):
            names = "\\".join(who.name() for who in obj.people).encode("utf-8")
            objects.raw(obj.ds, 0x00100010, "PN", names + b" " * (len(names) % 2))
            del obj.ds.OtherPatientNames
        name = obj.thing("the name of a file") + ".dcm"
        obj.ds.save_as(out / name, enforce_file_format=True)
        listing.append(
            {
                "file": name, "label": obj.label, "series": 7, "instance": number, "keep": obj.keep,
            }
        )  # fmt: skip
    calling = markers.thing("the calling AE title")
    print(json.dumps({"calling": calling, "markers": markers.listing, "objects": listing}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
