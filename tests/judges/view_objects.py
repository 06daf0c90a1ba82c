#!/usr/bin/env python3
"""Writes copies of DICOM files that dicom3tools can read: Explicit VR Little Endian, without private
elements and Pixel Data, on which it stops. Everything else is as it was.

Reads a JSON list of [file, copy] on stdin. Exit: 0.
"""

import json
import sys
import warnings

import pydicom
from pydicom.uid import ExplicitVRLittleEndian


def view(path, copy):
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    ds.remove_private_tags()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(copy, ds, implicit_vr=False, little_endian=True, force_encoding=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    for path, copy in json.load(sys.stdin):
        view(path, copy)
