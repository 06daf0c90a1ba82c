#!/usr/bin/env python3
"""Copies good results of a study set and plants one fault for each check of its answer key.

    plant_faults.py KEY MAPPING OUTDIR

MAPPING is what `deid-gateway eval headers --mapping` wrote. OUTDIR gets the files and a mapping.csv of
their own. Prints JSON: for each check, the id of the one item that has to fail now. Exit: 0.
"""

import csv
import datetime
import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.tag import Tag
from pydicom.uid import generate_uid


def steps(path):
    """(tag, item) of each step; None for private attributes and File Meta Information."""
    if '"' in path or path.startswith("MediaStorage") or path in ("*", ""):
        return None
    found = []
    for step in re.findall(r"(\([0-9A-Fa-f,]+\)|\w+)(?:\[(\d+)\])?", path):
        tag = Tag(*(int(half, 16) for half in step[0][1:-1].split(","))) if step[0][0] == "(" else Tag(tag_for_keyword(step[0]))
        found.append((tag, int(step[1] or 0)))
    return found


def holder(ds, path):
    """The data set that has the attribute, and its tag."""
    *sequences, (tag, _) = steps(path)
    for sequence, number in sequences:
        ds = ds[sequence].value[number]
    return ds, tag


class Planter:
    def __init__(self, key, mapping):
        self.folder = key.parent
        self.rows = list(csv.DictReader(open(key, newline="", encoding="utf-8")))
        self.results = {row["source"]: Path(row["result"]) for row in csv.DictReader(open(mapping, newline=""))}
        self.good = {source: pydicom.dcmread(path) for source, path in self.results.items()}
        self.source = {source: pydicom.dcmread(self.folder / source) for source in self.results}
        self.planted = {}
        self.touched = set()

    def others(self, row):
        """The checks of other rows that look at the same attribute."""
        same = [r for r in self.rows if (r["source"], r["attribute"]) == (row["source"], row["attribute"])]
        return [r["check"] for r in same if r is not row]

    def of(self, check, fits):
        """The first row of a check that fits and whose attribute has no other fault yet."""
        for row in self.rows:
            place = (row["source"], row["attribute"], row["boxes"])
            if row["check"] == check and place not in self.touched and fits(row):
                self.touched.add(place)
                self.planted[check] = row["id"]
                return row
        raise SystemExit(f"no item fits for {check}")

    def alone(self, row, beside=()):
        return steps(row["attribute"]) is not None and set(self.others(row)) <= set(beside)

    def text(self, row):
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        return str(ds[tag].value)

    def plant_tags(self):
        row = self.of("tag_retained", self.alone)
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        del ds[tag]
        row = self.of("text_notnull", self.alone)
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        ds[tag].value = None

    def plant_texts(self):
        def retained(row):
            return self.alone(row, ["text_removed"]) and row["text"].upper() in self.text(row).upper()

        row = self.of("text_retained", retained)
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        ds[tag].value = self.text(row).upper().replace(row["text"].upper().split()[-1], "")[:60] or "0"
        everywhere = [r["text"] for r in self.rows if r["attribute"] == "*"]

        def removed(row):
            top = self.alone(row) and len(steps(row["attribute"])) == 1
            return top and not any(row["text"] in text or text in row["text"] for text in everywhere)

        row = self.of("text_removed", removed)
        tag = steps(row["attribute"])[0][0]
        # as it was, in the file that leaves
        self.good[row["source"]][tag] = self.source[row["source"]][tag]

    def plant_dates(self):
        row = self.of("date_shifted", self.alone)
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        day = datetime.datetime.strptime(str(ds[tag].value)[:8], "%Y%m%d") + datetime.timedelta(days=1)
        ds[tag].value = day.strftime("%Y%m%d") + str(ds[tag].value)[8:]

    def plant_uids(self):
        row = self.of("uid_changed", self.alone)
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        ds[tag].value = holder(self.source[row["source"]], row["attribute"])[0][tag].value

        def old(row):
            ds, tag = holder(self.source[row["source"]], row["attribute"])
            return str(ds[tag].value)

        counts = Counter(old(row) for row in self.rows if row["check"] == "uid_consistent")
        row = self.of("uid_consistent", lambda r: self.alone(r) and counts[old(r)] > 2)
        ds, tag = holder(self.good[row["source"]], row["attribute"])
        ds[tag].value = generate_uid(entropy_srcs=["another"])

    def plant_patients(self):
        patients = Counter(str(self.source[r["source"]].PatientID) for r in self.rows if r["check"] == "patid_consistent")
        row = self.of("patid_consistent", lambda r: patients[str(self.source[r["source"]].PatientID)] > 2)
        self.good[row["source"]].PatientID = "ANOTHER"

    def plant_pixels(self):
        row = self.of("pixels_hidden", lambda row: True)
        pixels, source = self.good[row["source"]].pixel_array.copy(), self.source[row["source"]].pixel_array
        left, top, right, bottom = (int(side) for side in row["boxes"].split(","))
        pixels[top:bottom, left:right] = source[top:bottom, left:right]
        self.good[row["source"]].PixelData = pixels.tobytes()
        row = self.of("pixels_retained", lambda row: not row["boxes"])
        pixels = self.good[row["source"]].pixel_array.copy()
        pixels[np.unravel_index(7, pixels.shape)] ^= 1
        self.good[row["source"]].PixelData = pixels.tobytes()

    def write(self, out):
        out.mkdir(parents=True, exist_ok=True)
        with open(out / "mapping.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["source", "result"])
            for number, (source, ds) in enumerate(self.good.items()):
                ds.save_as(out / f"{number}.dcm", enforce_file_format=True)
                writer.writerow([source, f"{number}.dcm"])


def main():
    key, mapping, out = (Path(argument) for argument in sys.argv[1:])
    planter = Planter(key, mapping)
    planter.plant_tags()
    planter.plant_texts()
    planter.plant_dates()
    planter.plant_uids()
    planter.plant_patients()
    planter.plant_pixels()
    planter.write(out)
    print(json.dumps(planter.planted))
    return 0


if __name__ == "__main__":
    sys.exit(main())
