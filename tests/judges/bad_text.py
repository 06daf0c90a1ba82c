#!/usr/bin/env python3
"""Writes CT objects with text that breaks rules, or that takes long to read.

    bad_text.py OUTDIR

Prints JSON: by name the file and the strings of the patient that no result, line or path may hold.
Exit: 0.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
import sample
from leaks.header import raw
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

NAME, GIVEN, IDENT = "Wolzurquo", "Trixamlue", "STA4471209"
INVISIBLE = "\u200b".join(NAME)
NAMES = 2000


def even(value):
    return value + b" " * (len(value) % 2)


def text(ds, value, tag=0x00204000, vr="LT"):
    raw(ds, tag, vr, even(value))


def said(*around):
    """The name with something else around it."""
    return around[0] + f"{NAME}, {GIVEN}".encode() + around[-1]


def broken_escapes(ds):
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    text(ds, said(b"\x1b", b"\x1b$"))
    text(ds, b"\x1b$B" + said(b"\x30", b""), 0x00081030, "LO")
    text(ds, b"\x1b$Z" + said(b"", b"\x1b(Q"), 0x0008103E, "LO")


def an_escape_inside_a_name(ds):
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    text(ds, b"CT of " + NAME[:4].encode() + b"\x1b(B" + NAME[4:].encode())


def an_escape_that_nothing_declares(ds):
    text(ds, b"\x1b-A" + said(b"", b""))


def surrogates(ds):
    ds.SpecificCharacterSet = "ISO_IR 192"
    text(ds, said(b"\xed\xa0\x80", b"\xed\xbf\xbf"))


def overlong_utf8(ds):
    ds.SpecificCharacterSet = "ISO_IR 192"
    text(ds, said(b"\xc1\x81\xe0\x80\x80", b"\xf8\x88\x80\x80\x80"))


def invisible_letters(ds):
    ds.SpecificCharacterSet = "ISO_IR 192"
    text(ds, INVISIBLE.encode() + b" \xe2\x80\xae" + GIVEN.encode())


def many_marks(ds):
    ds.SpecificCharacterSet = "ISO_IR 192"
    text(ds, (NAME[0] + "\u0301" * 3000 + NAME[1:]).encode())


def an_unknown_set(ds):
    ds.SpecificCharacterSet = "ISO_IR 999"
    text(ds, said(b"\xe4\xf6", b""))


def a_set_with_backslashes(ds):
    ds.SpecificCharacterSet = ["\\", "\\\\", "ISO 2022 IR 13"]
    text(ds, said(b"\xb1", b""))


def nothing_but_nul(ds):
    text(ds, said(b"\0\0", b"\0\0"), 0x0008103E, "LO")


def a_hundred_thousand_words(ds):
    words = b" ".join(f"word{n % 977}".encode() for n in range(100_000))
    code = Dataset()
    code.CodeMeaning = "x"
    text(code, words + b" " + said(b"", b""), 0x0040A160, "UT")
    ds.SharedFunctionalGroupsSequence = [code]
    text(ds, words[:9000] + said(b" ", b""))


def a_hundred_thousand_names(ds):
    ds.OtherPatientNames = [f"Nm{n:05d}x^Vn{n % 97}" for n in range(NAMES)]
    deep = Dataset()
    text(deep, b" ".join(f"nm{n % NAMES:05d}x".encode() for n in range(100_000)), 0x0040A160, "UT")
    ds.SharedFunctionalGroupsSequence = [deep]


def two_thousand_names_of_two_letters(ds):
    ds.OtherPatientNames = [f"Nm{n:05d}x^Vn{n % 97}" for n in range(NAMES)]
    text(ds, b"n v " * 50_000, 0x0040A160, "UT")


def one_letter(ds):
    ds.PatientName, ds.PatientID, ds.AccessionNumber = "A^B", "1", "2"
    ds.StudyDescription = "CT A B 1 2"


def one_sign(ds):
    ds.PatientName, ds.PatientID = "^", "-"
    ds.StudyDescription = "CT of the chest"


def a_word_of_a_description(ds):
    ds.PatientName, ds.PatientID = "Chest^Ct", "CT"
    ds.StudyDescription = "CT Chest"


KINDS = [
    broken_escapes, an_escape_inside_a_name, an_escape_that_nothing_declares, surrogates, overlong_utf8, invisible_letters,
    many_marks, an_unknown_set, a_set_with_backslashes, nothing_but_nul, a_hundred_thousand_words, a_hundred_thousand_names, two_thousand_names_of_two_letters,
    one_letter, one_sign, a_word_of_a_description,
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir")
    out = Path(parser.parse_args().outdir)
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    listing = {}
    for number, kind in enumerate(KINDS, 1):
        ds = Dataset()
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sample.SOP_CLASS["CT"]
        uids = [
            generate_uid(entropy_srcs=["bad text", str(number), what])
            for what in ("object", "study", "series")
        ]
        ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = uids
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.Modality, ds.SpecificCharacterSet = "CT", "ISO_IR 100"
        ds.PatientName, ds.PatientID = f"{NAME}^{GIVEN}", IDENT
        sample.put_pixels(ds, np.zeros((8, 8), "<u2"), 12)
        kind(ds)
        name = kind.__name__
        ds.save_as(out / f"{name}.dcm", enforce_file_format=True)
        listing[name] = {"file": f"{name}.dcm", "planted": [NAME, GIVEN, IDENT, INVISIBLE, NAME[1:], *uids]}
    print(json.dumps(listing, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
