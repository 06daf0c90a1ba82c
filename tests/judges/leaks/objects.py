"""The objects of the probe: one of each kind that a leak was ever found in."""

import io

import numpy as np
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from . import header
from .header import Object, code, item, padded, raw
from .markers import Person

ROOT = "1.2.840.10008.5.1.4.1.1."
LATIN1, UTF8 = ["latin1", "ISO_IR 100"], ["utf8", "ISO_IR 192"]
JAPANESE = ["jp", ["", "ISO 2022 IR 87"]]
KOREAN = ["kr", ["", "ISO 2022 IR 149"]]


def pixels(ds, array, bits=8):
    ds.SamplesPerPixel = 3 if array.shape[-1] == 3 and array.ndim > 2 else 1
    ds.PhotometricInterpretation = "RGB" if ds.SamplesPerPixel == 3 else "MONOCHROME2"
    shape = array.shape[:-1] if ds.SamplesPerPixel == 3 else array.shape
    ds.Rows, ds.Columns = shape[-2:]
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    ds.PixelData = array.tobytes()


def ramp(rows, columns, top, kind):
    return np.linspace(0, top, rows * columns).reshape(rows, columns).astype(kind)


def patterns(m, number):
    """Text that names nobody of the object, and identifies by its form."""
    obj = Object(m, "CT with patterns", ROOT + "2", "CT", LATIN1[0], number, LATIN1[1])
    ds = obj.ds
    header.identity(obj)
    ds.PatientBirthDate = obj.markers.date("CT with patterns: PatientBirthDate")
    birth = ds.PatientBirthDate
    day, month, year = birth[6:], birth[4:6], birth[:4]
    names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    written = [
        f"{day}.{month}.{year}",
        f"{month}/{day}/{year[2:]}",
        f"{int(day)} {names[int(month) - 1]} {year}",
        f"{year}-{month}-{day}",
    ]
    telling = {
        "StudyDescription": ("CT pelvis, born {0}", written[0]),
        "SeriesDescription": ("Portal venous {0}", written[1]),
        "ImageComments": ("Arterial phase missed; born {0}; repeated in portal phase", written[2]),
        "FrameComments": ("Motion artefact, {0}", written[3]),
        "PerformedProcedureStepDescription": ("Biopsy of the liver, call {0}", "020 7946 0812"),
        "RequestedProcedureComments": ("Contrast allergy, write to {0}", "q.someone77@mail.example.org"),
        "DerivationDescription": ("Maximum intensity projection, see {0}", "https://portal.example.org/p/88121"),
        "CommentsOnThePerformedProcedureStep": ("Breath hold failed, SSN {0}", "078-05-1120"),
        "ReasonForStudy": ("Staging of lymphoma, MRN {0}", "77120934"),
        "AcquisitionComments": ("Delayed scan, previous on {0}", "17.06.2011"),
        "ProtocolName": ("Liver triphasic {0}", "5 Larch Grove Road"),
    }  # fmt: skip
    for keyword, (template, text) in telling.items():
        setattr(ds, keyword, template.format(obj.pattern(f"{keyword}, by its form", text)))
        obj.keeps(template.split(",")[0].split(" {")[0].split(";")[0])
    obj.people.append(Person(m, "latin1"))
    pixels(ds, ramp(16, 16, 4000, "<u2"), 12)
    return obj


def everything(obj):
    for plant in (
        header.identity,
        header.text_that_stays,
        header.history,
        header.private,
        header.unknown,
        header.graphics,
        header.around,
    ):
        plant(obj)


def ct(m, number):
    obj = Object(m, "CT", ROOT + "2", "CT", LATIN1[0], number, LATIN1[1])
    everything(obj)
    pixels(obj.ds, ramp(16, 16, 4000, "<u2"), 12)
    return obj


def ct_utf8(m, number):
    """Forms that only UTF-8 can write, and a wrong declaration."""
    obj = Object(m, "CT in UTF-8", ROOT + "2", "CT", UTF8[0], number, UTF8[1])
    ds = obj.ds
    ds.PatientID = obj.thing("PatientID (LO)")
    ds.StudyDescription = obj.person("StudyDescription", "lookalikes", "CT abdomen {0} arterial")
    ds.SeriesDescription = obj.person("SeriesDescription", "misread digits", "Coronal {0}")
    ds.ImageComments = obj.person("ImageComments", "lower case", "motion, {0}")
    ds.ProcedureCodeSequence = [code("1", "99ORLA", obj.person("CodeMeaning", "without accents"))]
    obj.keeps("CT abdomen", "arterial", "Coronal")
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    pixels(ds, ramp(16, 16, 4000, "<u2"), 12)
    return obj


def ct_declared_wrong(m, number):
    """UTF-8 that says it is Latin-1."""
    obj = Object(m, "CT that declares Latin-1 and is UTF-8", ROOT + "2", "CT", UTF8[0], number, "ISO_IR 100")
    ds = obj.ds
    ds.PatientID = obj.thing("PatientID (LO)")
    text = obj.person("SeriesDescription", "upper case", "Sagittal {0}")
    raw(ds, 0x0008103E, "LO", padded(text))
    raw(ds, 0x00204000, "LT", padded(obj.person("ImageComments", "as it is", "seen by {0}")))
    obj.wrong = True
    pixels(ds, ramp(16, 16, 4000, "<u2"), 12)
    return obj


def ultrasound(m, number):
    obj = Object(m, "US multi-frame", ROOT + "3.1", "US", UTF8[0], number, UTF8[1])
    everything(obj)
    ds = obj.ds
    ds.NumberOfFrames, ds.FrameTime, ds.FrameIncrementPointer = 3, "40", 0x00181063
    ds.TransducerData = [obj.person("TransducerData (LO), of several", "upper case"), "C5-1"]
    ds.FrameLabelVector = [obj.person("FrameLabelVector (SH), of several", "family alone")[:16], "b", "c"]
    pixels(ds, np.stack([ramp(16, 16, 200, "u1")] * 3))
    return obj


def jpeg(m, number):
    """Comments and EXIF inside the codestream, and a fragment that no frame needs."""
    obj = Object(m, "US in JPEG", ROOT + "6.1", "US", LATIN1[0], number, LATIN1[1])
    header.identity(obj)
    ds = obj.ds
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = obj.thing("EXIF of a JPEG")
    picture = Image.fromarray(ramp(16, 16, 200, "u1"))
    picture.save(out, format="JPEG", quality=95, comment=obj.thing("COM of a JPEG").encode(), exif=exif)
    pixels(ds, ramp(16, 16, 200, "u1"))
    ds.PixelData = encapsulate([out.getvalue()])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.LossyImageCompression = "01"
    return obj


def structures(m, number):
    obj = Object(m, "RTSTRUCT", ROOT + "481.3", "RTSTRUCT", KOREAN[0], number, KOREAN[1])
    header.identity(obj)
    header.private(obj)
    ds = obj.ds
    ds.StructureSetLabel = obj.person("StructureSetLabel (SH)", "family alone")[:16]
    ds.StructureSetName = obj.person("StructureSetName (LO)", "with underscores")
    ds.StructureSetDescription = obj.person("StructureSetDescription (ST)", "joined", "lung plan {0}")
    ds.SeriesDescription = obj.person("SeriesDescription", "spaced", "폐 조영 {0}")
    obj.keeps("조영")
    ds.StructureSetDate, ds.StructureSetTime = m.date("RTSTRUCT: StructureSetDate"), "101112"
    ds.StructureSetROISequence = [
        item(ROINumber=1, ROIName=obj.person("ROIName (LO)", "joined", "GTV {0}"),
             ROIDescription=obj.person("ROIDescription (ST)", "upper case", "by {0}"),
             ReferencedFrameOfReferenceUID=ds.FrameOfReferenceUID, ROIGenerationAlgorithm="MANUAL"),
        item(ROINumber=2, ROIName="Heart", ROIGenerationAlgorithm="MANUAL"),
    ]  # fmt: skip
    contour = item(ContourGeometricType="POINT", NumberOfContourPoints=1, ContourData=["1", "2", "3.5"])
    ds.ROIContourSequence = [item(ReferencedROINumber=1, ContourSequence=[contour])]
    ds.RTROIObservationsSequence = [
        item(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="GTV",
             ROIObservationLabel=obj.person("ROIObservationLabel (SH)", "family alone")[:16],
             ROIObservationDescription=obj.person("ROIObservationDescription (ST)", "other order"),
             ROIInterpreter=m.name("RTSTRUCT: ROIInterpreter"))
    ]  # fmt: skip
    obj.keeps("Heart", "GTV")
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return obj


def presentation(m, number):
    obj = Object(m, "PR", ROOT + "11.1", "PR", JAPANESE[0], number, JAPANESE[1])
    header.identity(obj)
    ds = obj.ds
    ds.ContentLabel = "LUNG"
    ds.ContentDescription = obj.person("ContentDescription (LO)", "joined", "nodule of {0}")
    ds.ContentCreatorName = m.name("PR: ContentCreatorName")
    ds.PresentationCreationDate, ds.PresentationCreationTime = (
        m.date("PR: PresentationCreationDate"),
        "101112",
    )
    ds.SeriesDescription = obj.person("SeriesDescription", "spaced", "胸部造影 {0}")
    ds.ImageComments = obj.person("ImageComments", "joined", "key images {0}")
    obj.keeps("胸部造影", "key images")
    texts = [("upper case", "see {0}"), ("joined", "{0}"), ("family alone", "{0} 2 cm")]
    ds.GraphicAnnotationSequence = [
        item(GraphicLayer="NOTES", TextObjectSequence=[
            item(UnformattedTextValue=obj.person(f"a text object {n}", form, template), AnchorPoint=[1.0, 2.0],
                 AnchorPointVisibility="N", AnchorPointAnnotationUnits="PIXEL")
            for n, (form, template) in enumerate(texts, 1)
        ])
    ]  # fmt: skip
    ds.GraphicLayerSequence = [
        item(
            GraphicLayer="NOTES",
            GraphicLayerOrder=1,
            GraphicLayerDescription=obj.person("GraphicLayerDescription (LO)", "other order"),
        )
    ]
    ds.ReferencedSeriesSequence = [
        item(SeriesInstanceUID=m.uid("PR: a referenced series"), ReferencedImageSequence=[
            item(ReferencedSOPClassUID=ROOT + "2", ReferencedSOPInstanceUID=m.uid("PR: a referenced image"))])
    ]  # fmt: skip
    return obj


def pdf_bytes(obj):
    words = obj.thing("text of a PDF").encode()
    title, author = obj.thing("Title of a PDF").encode(), obj.thing("Author of a PDF").encode()
    stream = b"BT /F1 12 Tf 9 9 Td (" + words + b") Tj ET"
    body = b"%PDF-1.4\n1 0 obj\n<< /Title (" + title + b") /Author (" + author + b") >>\nendobj\n"
    body += b"2 0 obj\n<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream\nendobj\n"
    return body + b"trailer\n<< /Info 1 0 R >>\n%%EOF\n"


def pdf(m, number):
    obj = Object(m, "encapsulated PDF", ROOT + "104.1", "DOC", UTF8[0], number, UTF8[1])
    header.identity(obj)
    ds = obj.ds
    data = pdf_bytes(obj)
    ds.EncapsulatedDocumentLength = len(data)
    ds.EncapsulatedDocument = data + bytes(len(data) % 2)
    ds.MIMETypeOfEncapsulatedDocument, ds.BurnedInAnnotation = "application/pdf", "YES"
    ds.DocumentTitle = obj.thing("DocumentTitle (ST)")
    ds.ConceptNameCodeSequence = [
        code(
            "18748-4",
            "LN",
            obj.person("ConceptNameCodeSequence > CodeMeaning", "other order", "Report on {0}"),
        )
    ]
    ds.SourceInstanceSequence = [
        item(
            ReferencedSOPClassUID=ROOT + "2",
            ReferencedSOPInstanceUID=m.uid("encapsulated PDF: a source instance"),
        )
    ]
    return obj
