"""Ultrasound, secondary capture, photographs, microscopy and ophthalmic photographs."""

from .extras import put_management
from .modules import code, item, moment, new, pixels
from .people import KNEE, VISIBLE, uid

ROOT = "1.2.840.10008.5.1.4.1.1."


def region():
    return item(
        RegionSpatialFormat=1, RegionDataType=1, RegionFlags=0,
        RegionLocationMinX0=0, RegionLocationMinY0=0, RegionLocationMaxX1=15, RegionLocationMaxY1=15,
        ReferencePixelX0=0, ReferencePixelY0=0,
        PhysicalUnitsXDirection=3, PhysicalUnitsYDirection=3, PhysicalDeltaX=0.01, PhysicalDeltaY=0.01,
    )  # fmt: skip


def us():
    ds = new(KNEE, "us", ROOT + "6.1", "US", series=2)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "SMALL PARTS", "0001"]
    ds.PatientOrientation, ds.BodyPartExamined, ds.Laterality = "", "KNEE", "L"
    ds.LossyImageCompression = "00"
    ds.SequenceOfUltrasoundRegions = [region()]
    put_management(ds, KNEE)
    ds.TransducerData, ds.TransducerType = ["L12-3", "TD-991"], "LINEAR"
    ds.PerformingPhysicianName = "Quillfeather^Ottoline^^Dr"
    ds.UltrasoundColorDataPresent = 0
    moment(ds, KNEE)
    pixels(ds, 16, 16, bits=8, samples=3)
    return ds


def us_cine():
    ds = new(KNEE, "uscine", ROOT + "3.1", "US", series=3)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "SMALL PARTS", "0001"]
    ds.PatientOrientation, ds.BodyPartExamined, ds.Laterality = "", "KNEE", "L"
    ds.LossyImageCompression = "00"
    ds.FrameTime, ds.FrameIncrementPointer = "40", 0x00181063
    ds.SequenceOfUltrasoundRegions = [region()]
    ds.UltrasoundColorDataPresent = 0
    moment(ds, KNEE)
    pixels(ds, 16, 16, bits=8, frames=4)
    return ds


def capture(kind, number, sop_class, **of_pixels):
    ds = new(KNEE, kind, ROOT + sop_class, "OT", series=number)
    ds.ImageType, ds.ConversionType = ["DERIVED", "SECONDARY"], "WSD"
    ds.PatientOrientation, ds.BodyPartExamined, ds.Laterality = "", "KNEE", "L"
    ds.SecondaryCaptureDeviceID = "CAPTURE-ORLA-1"
    ds.DateOfSecondaryCapture, ds.TimeOfSecondaryCapture = KNEE.date, KNEE.time
    ds.SecondaryCaptureDeviceManufacturer = "Example Capture"
    moment(ds, KNEE, acquisition=False)
    pixels(ds, 16, 16, **of_pixels)
    return ds


def sc():
    return capture("sc", 4, "7", bits=8, samples=3)


def sc_frames(kind, number, sop_class, **of_pixels):
    ds = capture(kind, number, sop_class, frames=2, **of_pixels)
    ds.BurnedInAnnotation = "NO"
    ds.FrameIncrementPointer, ds.FrameTimeVector = 0x00181065, ["0", "40"]
    if ds.SamplesPerPixel == 1:
        ds.PresentationLUTShape = "IDENTITY"
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    return ds


def sc_colour():
    return sc_frames("sccolour", 5, "7.4", bits=8, samples=3)


def sc_words():
    return sc_frames("scword", 6, "7.3", bits=16, stored=12)


def sc_bytes():
    return sc_frames("scbyte", 7, "7.2", bits=8)


def photograph(kind, number, sop_class, modality):
    ds = new(VISIBLE, kind, ROOT + sop_class, modality, series=number)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.PatientOrientation, ds.BodyPartExamined, ds.Laterality = "", "ARM", "R"
    ds.AnatomicRegionSequence = [code("40983000", "SCT", "Upper arm")]
    ds.AcquisitionContextSequence = []
    ds.LossyImageCompression, ds.BurnedInAnnotation = "00", "NO"
    ds.ImageComments = "Arm of Barnaby Trevanion"
    moment(ds, VISIBLE)
    pixels(ds, 16, 16, bits=8, samples=3)
    return ds


def vl():
    return photograph("vl", 1, "77.1.4", "XC")


def endoscopy():
    ds = photograph("es", 2, "77.1.1", "ES")
    ds.BodyPartExamined = "COLON"
    del ds.Laterality
    ds.AnatomicRegionSequence = [code("71854001", "SCT", "Colon")]
    return ds


def eye():
    ds = new(VISIBLE, "op", ROOT + "77.1.5.1", "OP", series=5)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.PatientOrientation, ds.ImageLaterality = "", "R"
    ds.AcquisitionContextSequence = []
    ds.LossyImageCompression, ds.BurnedInAnnotation = "00", "NO"
    ds.AcquisitionDateTime = VISIBLE.date + VISIBLE.time
    ds.PupilDilated, ds.EmmetropicMagnification = "NO", 1.0
    ds.IntraOcularPressure, ds.HorizontalFieldOfView = 14.0, 45.0
    ds.RefractiveStateSequence = []
    ds.AcquisitionDeviceTypeCodeSequence = [code("409898007", "SCT", "Fundus Camera")]
    ds.IlluminationTypeCodeSequence = []
    ds.LightPathFilterTypeStackCodeSequence = []
    ds.ImagePathFilterTypeStackCodeSequence = []
    ds.LensesCodeSequence, ds.DetectorType = [], "CCD"
    ds.PatientEyeMovementCommanded = "NO"
    ds.AnatomicRegionSequence = [code("5665001", "SCT", "Retina")]
    ds.PixelSpacing = ["0.01", "0.01"]
    ds.ICCProfile = b"\0" * 128
    ds.SynchronizationFrameOfReferenceUID = uid("clock")
    ds.SynchronizationTrigger, ds.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    ds.FrameIncrementPointer, ds.FrameTime = 0x00181063, "0"
    moment(ds, VISIBLE, acquisition=False)
    pixels(ds, 16, 16, bits=8, samples=3, frames=1)
    return ds


def dermoscopy():
    ds = photograph("dms", 8, "77.1.7", "DMS")
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = uid("skin"), ""
    ds.RecognizableVisualFeatures = "NO"
    ds.LightSourcePolarization, ds.EmitterColorTemperature, ds.ContactMethod = "", None, ""
    ds.OpticalMagnificationFactor = None
    ds.TrackingUID, ds.TrackingID = uid("lesion"), "Mole of Barnaby"
    ds.AcquisitionDateTime = VISIBLE.date + VISIBLE.time
    return ds
