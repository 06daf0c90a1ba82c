#!/usr/bin/env python3
"""Writes objects whose text is read and classified by services.

    cloud.py OUTDIR KIND [COUNT [PER_STUDY]]

KIND: slices (COUNT slices of a CT, each with the same banner over other noise), cine (an ultrasound cine of COUNT
frames with the banner in all of them), notes (COUNT small
pictures of PER_STUDY to a study and patient, no text of which stands in another), dense (a page of COUNT words), radiograph (chest, 1024 x 1024 of 16 bits,
12 lines: names, IDs and dates, and technique).

Prints JSON as sample.py does. Exit: 0.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid
from sample import Canvas, Patient, header, phantom, put_pixels


def slices(count, patient, study, noise, uid):
    for number in range(1, count + 1):
        ds, planted = header(patient, study, "CT", 1, number, uid)
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
        ds.WindowCenter, ds.WindowWidth = "40", "400"
        canvas = Canvas(400, 512)
        canvas.write(8, 6, f"{patient.family}, {patient.given}", 20, True)
        canvas.write(8, 34, patient.pid, 20, True)
        array = np.zeros((400, 512))
        array[100:] = phantom(noise, 300, 512) * 2500
        array = np.where(canvas.array() > 0, canvas.array() / 255.0 * 3000, array)
        put_pixels(ds, array.astype("<u2"), 12)
        yield f"slice{number:04d}.dcm", ds, planted, canvas.text


def cine(count, patient, study, noise, uid):
    ds, planted = header(patient, study, "CINE", 2, 1, uid)
    ds.FrameTime, ds.FrameIncrementPointer = "40", 0x00181063
    canvas = Canvas(240, 320)
    canvas.write(8, 6, f"{patient.family}, {patient.given}", 16, True)
    canvas.write(8, 28, patient.pid, 16, True)
    canvas.write(250, 70, "RIGHT", 14, False)
    # What moves is not where the text is.
    base, stack = phantom(noise, 120, 160) * 160, []
    for frame in range(count):
        picture = np.zeros((240, 320))
        picture[110:230, 80:240] = np.roll(base, frame % 7, axis=1)
        stack.append(np.maximum(picture, canvas.array()).astype(np.uint8))
    put_pixels(ds, np.stack(stack), 8)
    yield "cine.dcm", ds, planted, [{**text, "last_frame": count - 1} for text in canvas.text]


def notes(count, per_study, noise):
    for number in range(count):
        of = number // per_study
        patient = Patient(random.Random(100 + of), of)
        study = {"date": "20210317", "time": "101500", "accession": f"ACC4071{of:04d}"}

        def uid(*what, of=of):
            return generate_uid(entropy_srcs=["notes", str(of), *(str(v) for v in what)])

        ds, planted = header(patient, study, "US", 1 + of, 1 + number % per_study, uid)
        canvas = Canvas(200, 320)
        first = f"{patient.family} {patient.given}" if number % per_study == 0 else patient.birth
        canvas.write(8, 8, first, 20, True)
        canvas.write(8, 40, patient.pid + str(number % per_study), 20, True)
        picture = np.zeros((200, 320))
        picture[100:190, 80:240] = phantom(noise, 90, 160) * 160
        put_pixels(ds, np.maximum(picture, canvas.array()).astype(np.uint8), 8)
        yield f"note{number:04d}.dcm", ds, planted, canvas.text


def dense(count, patient, study, noise, uid):
    ds, planted = header(patient, study, "US", 3, 1, uid)
    canvas, rng = Canvas(640, 640), random.Random(7)
    words = [f"{rng.choice('BCDFGHJKLMNPRSTVW')}{rng.randrange(100, 1000)}" for _ in range(count)]
    for row in range(0, count, 6):
        # Far enough apart that each is a line of its own.
        for column, word in enumerate(words[row : row + 6]):
            canvas.write(12 + 105 * column, 10 + 25 * (row // 6), word, 18, True)
    put_pixels(ds, canvas.array(), 8)
    yield "dense.dcm", ds, planted, canvas.text


def radiograph(_count, patient, study, noise, uid):
    ds, planted = header(patient, study, "CR", 4, 1, uid)
    canvas = Canvas(1024, 1024)
    date = study["date"]
    lines = [
        (f"{patient.family} {patient.given}", True),
        (patient.pid, True),
        (f"{patient.birth[6:]}.{patient.birth[4:6]}.{patient.birth[:4]}", True),
        (f"{date[6:]}.{date[4:6]}.{date[:4]}", True),
        # A person whom the header does not know.
        ("OKONKWO TREVELYAN", True),
        ("CHEST PA", False),
        ("125 kV", False),
    ]
    for row, (string, hide) in enumerate(lines):
        canvas.write(24, 24 + 44 * row, string, 24, hide)
    right = [("ERECT", False), ("GRID", False), ("180 cm", False), ("LEFT", False), ("2.5 mAs", False)]
    for row, (string, hide) in enumerate(right):
        canvas.write(820, 24 + 44 * row, string, 24, hide)
    array = np.zeros((1024, 1024))
    array[400:] = phantom(noise, 624, 1024) * 40000
    array = np.where(canvas.array() > 0, canvas.array() / 255.0 * 60000, array)
    put_pixels(ds, array.astype("<u2"), 16)
    yield "radiograph.dcm", ds, planted, canvas.text


def main():
    out, kind = Path(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    out.mkdir(parents=True, exist_ok=True)
    patient = Patient(random.Random(3), 0)
    study = {"date": "20210317", "time": "101500", "accession": "ACC40718265"}

    def uid(*what):
        return generate_uid(entropy_srcs=["cloud", *(str(v) for v in what)])

    noise = np.random.default_rng(3)
    make = {"slices": slices, "cine": cine, "dense": dense, "radiograph": radiograph}
    listing = []
    if kind == "notes":
        made = notes(count, int(sys.argv[4]), noise)
    else:
        made = make[kind](count, patient, study, noise, uid)
    for name, ds, planted, text in made:
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
