#!/usr/bin/env python3
"""Judges whether what a profile keeps is still there, byte for byte, with pydicom's raw elements.

    judge_utility.py PROFILE.toml        on stdin: a JSON list of [source, result]

At every level, an attribute that the profile keeps has the bytes that it had, after a change of byte
order. Sequences that are kept have as many items. What PS3.15 replaces by a UID has a UID, the same for
the same in all pairs and another for another.

What may differ, and is no failure:
- one padding byte where the length was odd; a value of padding alone may be empty
- text in another character set, if it reads the same; text that the stated one cannot read
- bulk data that contain a name, an ID, an address or a date of the object
- text that contains one, or what has the form of one: a dummy, or its own words in their order and without
  the names
- a value that contradicts its VR (PS3.5 Section 6.2)
- an age above 89
- names, dates, times and ages that the table does not list: they must be there, with any value
- UIDs that the table does not list: registered ones are the same, of others there are as many
- Photometric Interpretation and Planar Configuration of what was compressed
- what a rule of the profile names, and the rows of stricter.csv
- the value of a content item whose concept PS3.15 Table E.3.4-1 lists, and no option keeps
- content items that this table removes, where the tree allows it (content_tree.py)
- sequences that an option cleans or in which there is Pixel Data, and attributes of groups that go whole (overlays, curves)

Prints a line for each failure, with how often and where first; keywords, never a value.
Exit: 0 passed, 1 failed, 2 could not judge.
"""

import json
import multiprocessing
import re
import sys
import warnings
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag

from content_tree import Tree
from utility_identifiers import Identifiers
from utility_level import WORD, Level, unpadded
from utility_rules import CLEANED, FREE, KEPT, MOVED, NEW_UID, TABLES, UNLISTED, Rules

REGISTERED = b"1.2.840.10008."
TEXT = {"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"}
REPLACED = {"PN", "DA", "DT", "TM", "AS"}
NUMBER = {
    "DS": re.compile(rb"[0-9+\-.eE \\\0]*"),
    "IS": re.compile(rb"[0-9+\- \\\0]*"),
    "CS": re.compile(rb"[A-Z0-9_ \\\0]*"),
}
CONTENT_SEQUENCE = 0x0040A730
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
FOLLOW_THE_PIXELS = {"PhotometricInterpretation", "PlanarConfiguration"}


def is_above_89(vr, value):
    """Whether an age is one that few have, and is told as 90 (HIPAA Safe Harbor)."""
    return vr == "AS" and re.fullmatch(rb"(09\d|[1-9]\d\d)Y", unpadded(value)) is not None


class Judge:
    def __init__(self, rules, identifiers, source):
        self.rules = rules
        self.identifiers = identifiers
        self.compressed = source.file_meta.TransferSyntaxUID.is_compressed
        self.failures = []
        self.uids = {}
        self.tree = Tree(rules.columns, source)

    def fail(self, path, what):
        self.failures.append((path, what))

    def data_set(self, source, result, path):
        concept = self.tree.is_neutral(source.ds)
        for tag in sorted(source.ds.keys()):
            tag = int(tag)
            if tag >= 0x7FE00000:
                break
            fate = self.private(source, tag) if tag >> 16 & 1 else self.rules.of(tag)
            keyword = keyword_for_tag(tag) if dictionary_has_tag(tag) else ""
            here = f"{path}/{keyword or f'{tag:08x}'}".lstrip("/")
            if fate == FREE or (self.compressed and keyword in FOLLOW_THE_PIXELS):
                continue
            if concept and keyword in ("MeasuredValueSequence", "ConceptCodeSequence"):
                continue
            self.attribute(source, result, tag, fate, here)

    def private(self, source, tag):
        """What a private attribute may become."""
        element = tag & 0xFFFF
        creator = source.ds.get_item((tag & 0xFFFF0000) | element >> 8) if element > 0xFF else None
        if creator is None or not isinstance(creator.value, bytes):
            return FREE
        name = unpadded(creator.value).decode("ascii", "replace")
        bulk = source.vr(tag) in ("UN", "OB", "OW", "SQ")
        return CLEANED if not bulk and self.rules.is_safe(name, tag) else FREE

    def attribute(self, source, result, tag, fate, path):
        vr = source.vr(tag)
        if vr == "SQ":
            return self.sequence(source, result, tag, fate, path)
        before = source.bytes(tag)
        if tag not in result.ds:
            # where text is replaced, a code is replaced as a whole
            is_of_a_code = vr in TEXT | {"UI"} and 0x00080104 in source.ds
            replaced = is_of_a_code and fate == UNLISTED and not self.rules.keeps_unlisted_text
            if self.is_valid(source, tag, vr, before) and not replaced:
                self.fail(path, "is gone")
            return None
        after = result.bytes(tag)
        if not unpadded(before):
            if unpadded(after):
                self.fail(path, "was empty and has a value")
        elif fate == NEW_UID:
            self.new_uid(before, after, path)
        elif fate == MOVED:
            self.moved(vr, before, after, path)
        elif fate == UNLISTED and vr in REPLACED:
            if not unpadded(after):
                self.fail(path, "was replaced by nothing")
        elif fate == UNLISTED and vr == "UI":
            self.unlisted_uid(before, after, path)
        elif fate == UNLISTED and vr in TEXT - {"CS"} and not self.rules.keeps_unlisted_text:
            if not unpadded(after):
                self.fail(path, "was replaced by nothing")
        elif not self.is_same(source, result, vr, before, after):
            may_differ = is_above_89(vr, before) or self.identifiers.are_in(before, source, vr)
            if not may_differ and self.is_valid(source, tag, vr, before):
                self.fail(path, "has other bytes")
            texts = (source.text(before, vr), result.text(after, vr)) if vr in TEXT else (None, None)
            if may_differ and not self.identifiers.are_cleaned(*texts, vr):
                self.fail(path, "is not what cleaning leaves")

    def is_same(self, source, result, vr, before, after):
        if before == after or (len(before) % 2 and after in (before + b" ", before + b"\0")):
            return True
        if vr not in TEXT:
            return False
        texts = source.text(before, vr), result.text(after, vr)
        if texts[0] is None:
            return True
        return texts[1] is not None and texts[0].rstrip(" \0") == texts[1].rstrip(" \0")

    def is_valid(self, source, tag, vr, value):
        """Whether the value is one that its VR can have."""
        stated = source.ds.get_item(tag).VR
        known = dictionary_VR(tag) if dictionary_has_tag(tag) else stated
        if stated not in (None, "UN") and stated not in known:
            return False
        if vr in NUMBER and not NUMBER[vr].fullmatch(value):
            return False
        if vr in WORD and len(value) % WORD[vr]:
            return False
        return vr not in TEXT or source.text(value, vr) is not None

    def new_uid(self, before, after, path):
        old, new = before.split(b"\\"), after.split(b"\\")
        if len(old) != len(new):
            return self.fail(path, "has not as many UIDs")
        for was, now in zip(map(unpadded, old), map(unpadded, new)):
            if was and not now:
                self.fail(path, "has no UID")
            if was and now:
                self.uids.setdefault(was.decode("latin-1"), now.decode("latin-1"))
                if self.uids[was.decode("latin-1")] != now.decode("latin-1"):
                    self.fail(path, "has another UID than elsewhere in the object")
        return None

    def unlisted_uid(self, before, after, path):
        old, new = before.split(b"\\"), after.split(b"\\")
        same = all(
            was == now
            for was, now in zip(map(unpadded, old), map(unpadded, new))
            if was.startswith(REGISTERED)
        )
        if len(old) != len(new) or not same or not all(map(unpadded, new)):
            self.fail(path, "has not the registered UIDs, or not as many UIDs")

    def moved(self, vr, before, after, path):
        formed = re.fullmatch(rb"\d{8}", unpadded(before)) if vr == "DA" else None
        if not formed:
            return
        if path.endswith("PatientBirthDate") and not unpadded(after):
            return
        if not re.fullmatch(rb"\d{8}", unpadded(after)) or unpadded(after) == unpadded(before):
            self.fail(path, "is no moved date")

    def sequence(self, source, result, tag, fate, path):
        items = source.items(tag)
        if items is None or any(PIXELS & set(item.ds.keys()) for item in items):
            return
        if fate not in (KEPT, UNLISTED, NEW_UID):
            return
        if tag == CONTENT_SEQUENCE:
            staying = self.tree.staying([item.ds for item in items])
            items = [item for item in items if any(item.ds is ds for ds in staying)]
        if tag not in result.ds:
            return self.fail(path, "is gone")
        left = result.items(tag)
        if left is None or len(left) != len(items):
            return self.fail(path, "has not as many items")
        for before, after in zip(items, left):
            self.data_set(before, after, path)
        return None


def judged(job):
    """(source, failures, new UIDs by old ones), or why it could not be judged."""
    profile, source, result = job
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    try:
        # the first is read through, and has no raw elements any more
        known, before, after = (
            pydicom.dcmread(path, stop_before_pixels=True) for path in (source, source, result)
        )
        judge = Judge(Rules(profile), Identifiers(known), before)
        judge.data_set(Level(before, ["iso8859"]), Level(after, ["iso8859"]), "")
        return source, judge.failures, judge.uids
    except Exception as error:
        return source, f"{type(error).__name__} at {line_of(error)}", {}


def line_of(error):
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def main():
    assert TABLES.is_dir()
    jobs = [(sys.argv[1], source, result) for source, result in json.load(sys.stdin)]
    failures, forward, backward = {}, {}, {}
    with multiprocessing.Pool(2) as pool:
        for source, found, uids in pool.imap(judged, jobs, chunksize=8):
            if isinstance(found, str):
                print(f"could not judge {source}: {found}")
                return 2
            for failure in found:
                failures.setdefault(failure, []).append(source)
            for old, new in uids.items():
                if forward.setdefault(old, new) != new or backward.setdefault(new, old) != old:
                    failures.setdefault(("", "UIDs of two objects are not mapped alike"), []).append(source)
    for (path, what), sources in sorted(failures.items()):
        print(f"{path} {what}: {len(sources)}, first {sources[0]}")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
