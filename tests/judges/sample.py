#!/usr/bin/env python3
"""Writes CT, CR and US objects with planted identifiers and burned-in text, the same for one seed.

    sample.py OUTDIR [--patients N] [--studies N] [--ct N] [--cr N] [--us N] [--cine N] [--seed S]

Counts are per study. A CT has 512 x 512 x 16 bit (about 525 KB) and no text; a CR has a name, an ID
and a laterality mark burned in; a US a banner and technique; a cine is a US of --frames frames where
the banner is on one frame only. Identifiers are planted in the usual elements and where they are
forgotten: in a code meaning, a private element, free text.

Prints JSON, a list of {"file", "modality", "sop_uid", "identifiers", "text"}; a text has "string",
"frame", "box" [left, top, right, bottom] and "hide". Exit: 0.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SOP_CLASS = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CINE": "1.2.840.10008.5.1.4.1.1.3.1",
}
FAMILY = ["HOLLERBACH", "MCTAVISH", "OYELARAN", "PETROSYAN", "QUIROGA", "VANDERMEER", "WISNIEWSKI"]
GIVEN = ["ADELHEID", "BRUNHILDE", "CASIMIR", "DESMOND", "EUSEBIO", "FREDERICA", "GWENDOLYN"]
HOSPITAL = ["SAINT ORLA INFIRMARY", "NORTHGATE GENERAL", "LAKESIDE CLINIC"]


class Patient:
    def __init__(self, rng, number):
        self.family, self.given = rng.choice(FAMILY), rng.choice(GIVEN)
        self.pid = f"MRN{rng.randrange(10**6, 10**7)}{number:03d}"
        self.birth = f"{rng.randrange(1930, 2005)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
        self.sex = rng.choice("MF")
        self.hospital = rng.choice(HOSPITAL)
        self.physician = f"{rng.choice(FAMILY)}^{rng.choice(GIVEN)}^^DR"
        self.phone = f"+44 20 7946 {rng.randrange(1000, 10000)}"



def header(patient, study, kind, series, number, uid):
    """An object without pixels, and the identifiers planted in it."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SOP_CLASS[kind]
    meta.MediaStorageSOPInstanceUID = uid("object", kind, number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "1.2.826.0.1.3680043.8.498.1"
    ds = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.Modality = "US" if kind == "CINE" else kind
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = study["date"]
    ds.StudyTime = ds.ContentTime = study["time"]
    ds.AccessionNumber, ds.StudyID = study["accession"], study["accession"][-5:]
    ds.Manufacturer = "SAMPLE"
    ds.InstitutionName = patient.hospital
    ds.ReferringPhysicianName = patient.physician
    ds.StudyDescription = f"Follow-up of {patient.given} {patient.family}"
    ds.PatientName = f"{patient.family}^{patient.given}"
    ds.PatientID, ds.PatientBirthDate, ds.PatientSex = patient.pid, patient.birth, patient.sex
    ds.OtherPatientIDs = "X" + patient.pid
    ds.PatientTelephoneNumbers = patient.phone
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study"), uid("series", kind)
    ds.FrameOfReferenceUID = uid("frame of reference", kind)
    ds.SeriesNumber, ds.InstanceNumber = series, number
    ds.BodyPartExamined = "CHEST"
    ds.ImageComments = f"Please call {patient.phone}"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "A1", "99SAMPLE"
    code.CodeMeaning = f"Chest of {patient.family} {patient.given}"
    ds.ProcedureCodeSequence = [code]
    block = ds.private_block(0x0029, "SAMPLE PRIVATE", create=True)
    block.add_new(0x01, "LO", f"{patient.family} {patient.pid}")
    planted = [
        patient.family, patient.given, patient.pid, "X" + patient.pid, patient.birth, patient.phone,
        patient.hospital, study["accession"], *patient.physician.split("^")[:2],
        ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID,
    ]  # fmt: skip
    return ds, planted


def put_pixels(ds, array, bits):
    ds.SamplesPerPixel = 3 if array.shape[-1] == 3 else 1
    ds.PhotometricInterpretation = "RGB" if ds.SamplesPerPixel == 3 else "MONOCHROME2"
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    shape = array.shape[:-1] if ds.SamplesPerPixel == 3 else array.shape
    ds.Rows, ds.Columns = shape[-2:]
    if len(shape) == 3:
        ds.NumberOfFrames = shape[0]
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    ds.PixelData = array.tobytes()


class Canvas:
    """A grey picture on which text is drawn and its boxes are noted."""

    def __init__(self, height, width):
        self.image = Image.new("L", (width, height))
        self.draw = ImageDraw.Draw(self.image)
        self.text = []

    def write(self, x, y, string, size, hide):
        mask = Image.new("L", self.image.size)
        font = ImageFont.load_default(size)
        ImageDraw.Draw(mask).text((x, y), string, font=font, fill=255)
        self.draw.text((x, y), string, font=font, fill=255)
        box = mask.point(lambda v: 255 * (v > 60)).getbbox()
        self.text.append({"string": string, "frame": 0, "box": list(box), "hide": hide})

    def array(self):
        return np.asarray(self.image)


def phantom(rng, height, width):
    """A body-like ellipse with noise, 0 to 1."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    body = (x**2 / 0.6 + y**2 / 0.4 < 1) * 0.45 + ((x - 0.2) ** 2 + y**2 < 0.02) * 0.3
    return np.clip(body + rng.normal(0, 0.02, (height, width)), 0, 1)


def ct(ds, rng):
    ds.KVP, ds.SliceThickness, ds.PixelSpacing = "120", "1.25", ["0.7", "0.7"]
    ds.ImagePositionPatient = ["-179.2", "-179.2", str(1.25 * ds.InstanceNumber)]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    put_pixels(ds, (phantom(rng, 512, 512) * 2500).astype("<u2"), 12)
    return []


def cr(ds, rng, patient):
    ds.ViewPosition, ds.ImagerPixelSpacing = "PA", ["0.2", "0.2"]
    canvas = Canvas(900, 750)
    canvas.write(20, 20, f"{patient.family} {patient.given}", 24, True)
    canvas.write(20, 52, f"ID {patient.pid}", 24, True)
    canvas.write(20, 84, patient.birth, 24, True)
    canvas.write(690, 60, "L", 40, False)
    array = phantom(rng, 900, 750) * 3000
    array = np.where(canvas.array() > 0, canvas.array() / 255.0 * 4000, array)
    put_pixels(ds, array.astype("<u2"), 12)
    return canvas.text


def banner(patient, study):
    canvas = Canvas(480, 640)
    date = study["date"]
    canvas.write(8, 6, f"{patient.family}, {patient.given}", 18, True)
    canvas.write(8, 30, patient.pid, 18, True)
    canvas.write(330, 6, patient.hospital, 18, True)
    canvas.write(330, 30, f"{date[6:]}.{date[4:6]}.{date[:4]}", 18, True)
    return canvas


def technique(canvas):
    canvas.write(8, 70, "MI 1.2", 16, False)
    canvas.write(8, 94, "TIS 0.6", 16, False)
    canvas.write(560, 70, "RIGHT", 16, False)
    return canvas


def us(ds, rng, patient, study):
    canvas = technique(banner(patient, study))
    picture = phantom(rng, 480, 640) * 160
    picture[:60] = 0
    grey = np.maximum(picture, canvas.array()).astype(np.uint8)
    put_pixels(ds, np.stack([grey] * 3, -1), 8)
    return canvas.text


def cine(ds, rng, patient, study, frames):
    """The banner on one frame only, in the second half."""
    ds.FrameTime = "40"
    ds.FrameIncrementPointer = 0x00181063
    shown = frames // 2 + int(rng.integers(0, max(frames - frames // 2, 1)))
    plain, named = technique(Canvas(480, 640)), banner(patient, study)
    stack = []
    for frame in range(frames):
        picture = phantom(rng, 480, 640) * 160
        picture[:60] = 0
        picture = np.maximum(picture, plain.array())
        if frame == shown:
            picture = np.maximum(picture, named.array())
        stack.append(picture.astype(np.uint8))
    put_pixels(ds, np.stack(stack), 8)
    everywhere = [{**text, "last_frame": frames - 1} for text in plain.text]
    return everywhere + [{**text, "frame": shown} for text in named.text]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir")
    parser.add_argument("--patients", type=int, default=1)
    parser.add_argument("--studies", type=int, default=1, help="per patient")
    for kind in ("ct", "cr", "us", "cine"):
        parser.add_argument(f"--{kind}", type=int, default=0, help="objects per study")
    parser.add_argument("--frames", type=int, default=12, help="of a cine")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    out = Path(args.outdir)
    out.mkdir(parents=True, exist_ok=True)

    rng, noise, listing = random.Random(args.seed), np.random.default_rng(args.seed), []
    for p in range(args.patients):
        patient = Patient(rng, p)
        for s in range(args.studies):
            study = {
                "date": f"{rng.randrange(2015, 2025)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}",
                "time": f"{rng.randrange(24):02d}{rng.randrange(60):02d}{rng.randrange(60):02d}",
                "accession": f"ACC{rng.randrange(10**7, 10**8)}",
            }

            def uid(*what):
                return generate_uid(entropy_srcs=[str(v) for v in (args.seed, p, s, *what)])

            for series, kind in enumerate(("CT", "CR", "US", "CINE"), 1):
                for number in range(1, getattr(args, kind.lower()) + 1):
                    ds, planted = header(patient, study, kind, series, number, uid)
                    if kind == "CT":
                        text = ct(ds, noise)
                    elif kind == "CR":
                        text = cr(ds, noise, patient)
                    elif kind == "US":
                        text = us(ds, noise, patient, study)
                    else:
                        text = cine(ds, noise, patient, study, args.frames)
                    name = f"p{p:03d}_s{s:02d}_{kind.lower()}{number:04d}.dcm"
                    ds.save_as(out / name, enforce_file_format=True)
                    listing.append(
                        {
                            "file": name, "modality": ds.Modality, "sop_uid": str(ds.SOPInstanceUID),
                            "identifiers": [str(v) for v in planted], "text": text,
                        }
                    )  # fmt: skip
    print(json.dumps(listing, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
