#!/usr/bin/env python3
"""Writes one object of each kind that carries what the gateway cannot read, or may show a face.

    carriers.py OUTDIR

Documents tell of the patient, too. Prints JSON: for every name its file and the strings planted in its
header and document. Exit: 0.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import numpy as np
import sample
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

CLASSES = "1.2.840.10008.5.1.4.1.1."
DIAGNOSIS = "carcinoma of the ampulla"


def pdf(words):
    return f"%PDF-1.7\n1 0 obj\n<< /Title ({words}) >>\nendobj\n%%EOF\n".encode()


def cda(words):
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>{words}</title></ClinicalDocument>'.encode()


def stl(words):
    return words.encode().ljust(80)[:80] + (1).to_bytes(4, "little") + bytes(50)


def obj(words):
    return f"# {words}\nmtllib {words.split()[0]}.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n".encode()


def mtl(words):
    return f"newmtl {words.replace(' ', '_')}\nKd 1 0 0\n".encode()


DOCUMENTS = {
    "pdf": ("104.1", "application/pdf", pdf),
    "cda": ("104.2", "text/XML", cda),
    "stl": ("104.3", "model/stl", stl),
    "obj": ("104.4", "model/obj", obj),
    "mtl": ("104.5", "model/mtl", mtl),
}


def document(ds, patient, mime_type, write):
    ds.Modality = "DOC"
    words = f"{patient.family} {patient.given} {patient.pid} {DIAGNOSIS}"
    data = write(words)
    ds.EncapsulatedDocumentLength = len(data)
    ds.EncapsulatedDocument = data + bytes(len(data) % 2)
    ds.MIMETypeOfEncapsulatedDocument = mime_type
    ds.ListOfMIMETypes = ["image/jpeg", f"text/{patient.family}"]
    ds.DocumentTitle = f"Report on {patient.family}"
    ds.BurnedInAnnotation = "YES"
    ds.ConceptNameCodeSequence = []
    ds.HL7InstanceIdentifier = f"1.2.276.0.76^{patient.pid}"


def waveform(ds):
    """A second of a voice, in the class for electrocardiograms."""
    ds.Modality = "ECG"
    source = Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "109110", "DCM", "Voice"
    channel = Dataset()
    channel.ChannelSourceSequence = [source]
    group = Dataset()
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = 1, 8000
    group.SamplingFrequency = "8000"
    group.ChannelDefinitionSequence = [channel]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformData = bytes(16000)
    ds.WaveformSequence = [group]


def picture(ds, bits=8):
    side = 64
    ramp = np.linspace(0, (1 << bits) - 1, side * side).reshape(side, side)
    sample.put_pixels(ds, ramp.astype(np.uint8 if bits == 8 else "<u2"), bits)


def fill(name, ds, patient):
    """Gives the object its class and content."""
    if name in DOCUMENTS:
        sop_class, mime_type, write = DOCUMENTS[name]
        document(ds, patient, mime_type, write)
        return CLASSES + sop_class
    if name == "raw":
        ds.Modality = "MR"
        return CLASSES + "66"
    if name == "spectroscopy":
        ds.Modality, ds.SpectroscopyData = "MR", np.ones(64, "<f4").tobytes()
        return CLASSES + "4.2"
    if name == "voice":
        waveform(ds)
        return CLASSES + "9.1.2"
    if name == "private":
        picture(ds)
        return "1.2.826.0.1.3680043.8.498.88.1"
    if name == "url":
        ds.PixelDataProviderURL = f"https://pacs.example.org/jpip?patient={patient.pid}"
        return CLASSES + "2"
    if name == "photograph":
        ds.Modality = "XC"
        picture(ds)
        return CLASSES + "77.1.4"
    picture(ds, 12)
    ds.BodyPartExamined = {"head_ct": "HEAD", "chest_ct": "CHEST", "some_ct": ""}[name]
    return CLASSES + "2"


OTHERS = ["raw", "spectroscopy", "voice", "private", "url", "photograph", "head_ct", "chest_ct", "some_ct"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir")
    out = Path(parser.parse_args().outdir)
    out.mkdir(parents=True, exist_ok=True)
    patient = sample.Patient(random.Random(3), 1)
    study = {"date": "20210304", "time": "101112", "accession": "ACC55512345"}
    listing = {}
    for number, name in enumerate([*DOCUMENTS, *OTHERS], 1):

        def uid(*what):
            return generate_uid(entropy_srcs=["carriers", *map(str, what)])

        ds, planted = sample.header(patient, study, "CT", number, number, uid)
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = fill(name, ds, patient)
        ds.save_as(out / f"{name}.dcm", enforce_file_format=True)
        if name in DOCUMENTS:
            planted.append(DIAGNOSIS.replace(" ", "_") if name == "mtl" else DIAGNOSIS)
        listing[name] = {"file": f"{name}.dcm", "identifiers": [str(v) for v in planted]}
    print(json.dumps(listing, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
