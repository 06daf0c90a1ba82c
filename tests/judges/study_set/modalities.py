"""Objects of nine kinds: technique that has to stay, references, dates, small pictures."""

import numpy as np
from generated.modules import code, item
from sample import Canvas

from . import texts

ROWS = COLUMNS = 48


def anatomy(rng, rows, columns, peak):
    """A soft round shape that no reader takes for letters."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    shape = np.exp(-(x**2 + y**2) * rng.uniform(1.2, 2.5))
    return shape * peak + np.asarray([[rng.random() * 3 for _ in range(columns)] for _ in range(rows)])


def put_pixels(ds, array, bits):
    ds.SamplesPerPixel = 3 if array.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if array.ndim == 3 else "MONOCHROME2"
    if array.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = array.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = array.dtype.itemsize * 8, bits, bits - 1
    ds.PixelRepresentation = 0
    ds.PixelData = array.tobytes()
    ds["PixelData"].VR = "OW"


class Modalities:
    """One method a kind; each returns an object."""

    def __init__(self, maker):
        self.maker, self.key, self.rng = maker, maker.key, maker.rng

    def plain(self, ds, peak=2000):
        put_pixels(ds, anatomy(self.rng, ROWS, COLUMNS, peak).astype("<u2"), 12)
        self.key.note("pixels_retained")

    def sectional(self, study, modality, number, body):
        ds = self.maker.new(study, modality, number)
        put = self.maker
        ds.FrameOfReferenceUID = put.uid(study, "frame of reference")
        self.key.note("uid_consistent", "FrameOfReferenceUID")
        put.dated(ds, "AcquisitionDate", study.date)
        put.dated(ds, "ContentDate", study.date)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        put.kept(ds, "BodyPartExamined", body)
        put.kept(ds, "SliceThickness", "1.25")
        put.kept(ds, "PixelSpacing", ["0.7", "0.7"])
        put.kept(ds, "ImagePositionPatient", ["-12", "-12", str(number * 1.25)])
        put.kept(ds, "ImageOrientationPatient", ["1", "0", "0", "0", "1", "0"])
        put.put(ds, "ProtocolName", texts.technique(self.rng, study, modality))
        return ds

    def ct(self, study, number=1):
        ds = self.sectional(study, "CT", number, "CHEST")
        self.maker.kept(ds, "KVP", "120")
        self.maker.kept(ds, "ConvolutionKernel", "B40f")
        self.maker.kept(ds, "ContrastBolusAgent", "Iohexol 300")
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
        self.key.note("tag_retained", "RescaleIntercept")
        self.maker.put(ds, "ImageComments", texts.described(self.rng, study, self.rng.choice(texts.FINDINGS), 300))
        self.plain(ds)
        return ds

    def mr(self, study, number=1):
        ds = self.sectional(study, "MR", number, "KNEE")
        self.maker.kept(ds, "MagneticFieldStrength", "1.5")
        self.maker.kept(ds, "RepetitionTime", "500")
        self.maker.kept(ds, "SequenceName", "tse2d1_9")
        ds.ScanningSequence, ds.SequenceVariant, ds.MRAcquisitionType = "SE", "NONE", "2D"
        ds.ReferencedImageSequence = [
            item(
                ReferencedSOPClassUID=ds.SOPClassUID,
                ReferencedSOPInstanceUID=self.maker.uid(study, "MR", "instance", 1),
            )
        ]
        self.key.note("uid_consistent", "ReferencedImageSequence[0].ReferencedSOPInstanceUID")
        self.plain(ds, 900)
        return ds

    def pt(self, study, number=1):
        ds = self.sectional(study, "PT", number, "WHOLEBODY")
        self.maker.kept(ds, "Units", "BQML")
        self.maker.kept(ds, "DecayCorrection", "START")
        ds.RadiopharmaceuticalInformationSequence = [
            item(
                Radiopharmaceutical="Fluorodeoxyglucose", RadionuclideHalfLife="6586.2",
                RadiopharmaceuticalStartDateTime=study.date + study.time,
                RadionuclideCodeSequence=[code("77004003", "SCT", "18F")],
            )
        ]  # fmt: skip
        path = "RadiopharmaceuticalInformationSequence[0]."
        self.key.note("date_shifted", path + "RadiopharmaceuticalStartDateTime")
        self.key.note("text_retained", path + "RadionuclideHalfLife", "6586.20")
        self.key.note("text_retained", path + "RadionuclideCodeSequence[0].CodeMeaning", "18F")
        ds.RescaleIntercept, ds.RescaleSlope = "0", "1.5"
        self.plain(ds, 3000)
        return ds

    def projection(self, study, modality):
        ds = self.maker.new(study, modality)
        ds.ImageType = ["ORIGINAL", "PRIMARY"]
        self.maker.kept(ds, "BodyPartExamined", "BREAST" if modality == "MG" else "CHEST")
        self.maker.kept(ds, "ViewPosition", "MLO" if modality == "MG" else "PA")
        self.maker.dated(ds, "AcquisitionDateTime", study.date + study.time + ".25")
        self.maker.dated(ds, "DateOfSecondaryCapture", study.date)
        self.maker.put(
            ds, "PerformedProcedureStepDescription", texts.technique(self.rng, study, modality)
        )
        return ds

    def mg(self, study):
        ds = self.projection(study, "MG")
        self.maker.kept(ds, "ImageLaterality", "L")
        self.maker.kept(ds, "CompressionForce", "85.5")
        self.plain(ds, 3000)
        return ds

    def dx(self, study):
        ds = self.projection(study, "DX")
        self.maker.kept(ds, "DistanceSourceToDetector", "1800")
        self.maker.kept(ds, "Exposure", "4")
        self.plain(ds, 3000)
        return ds

    def burned(self, ds, study, rows, columns, colour, technique):
        """Lines that identify on top, technique below; beside them a picture."""
        canvas = Canvas(rows, columns)
        patient = study.patient
        shown = patient.family if patient.family.isascii() else patient.ident[::-1]
        canvas.write(6, 4, f"{shown}, {texts.dotted(patient.birth)}", 18, True)
        canvas.write(6, 30, f"ID {patient.ident}", 18, True)
        for line, words in enumerate(technique):
            canvas.write(6, 70 + 26 * line, words, 18, False)
        picture = anatomy(self.rng, rows, columns, 120)
        picture[:66] = 0
        picture[:, : columns // 2] = 0
        grey = np.maximum(picture, canvas.array()).astype(np.uint8)
        put_pixels(ds, np.stack([grey] * 3, -1) if colour else grey, 8)
        hide = [text["box"] for text in canvas.text if text["hide"]]
        stay = [text["box"] for text in canvas.text if not text["hide"]]
        stay.append([columns // 2 + 4, 80, columns - 4, rows - 4])
        for box in hide:
            self.key.note("pixels_hidden", boxes=[box])
        for box in stay:
            self.key.note("pixels_retained", boxes=[box])
        return ds

    def us(self, study):
        ds = self.maker.new(study, "US")
        ds.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL"]
        self.maker.dated(ds, "ContentDate", study.date)
        self.maker.kept(ds, "TransducerFrequency", 5000)
        return self.burned(ds, study, 240, 480, True, ["MI 1.2", "RIGHT"])

    def cr(self, study):
        ds = self.projection(study, "CR")
        self.maker.kept(ds, "KVP", "80")
        return self.burned(ds, study, 260, 420, False, ["LEFT"])

    def sc(self, study):
        ds = self.maker.new(study, "SC")
        ds.Modality = "OT"
        ds.ConversionType = "WSD"
        self.maker.dated(ds, "DateOfSecondaryCapture", study.date)
        return self.burned(ds, study, 220, 440, True, ["SUPINE"])
