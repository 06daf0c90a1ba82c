"""Projection radiography: CR, DX, MG, XA, RF, intra-oral and portal images."""

from .extras import put_animal, put_management, put_overlay
from .modules import code, frame_of_reference, item, moment, new, pixels, window
from .people import BREAST, CHEST, DOG, HEART, uid

ROOT = "1.2.840.10008.5.1.4.1.1."


def cr():
    ds = new(BREAST, "cr", ROOT + "1", "CR")
    ds.BodyPartExamined, ds.ViewPosition, ds.PatientOrientation = "CHEST", "PA", ["L", "F"]
    ds.PerformingPhysicianName = "Quillfeather^Ottoline^^Dr"
    put_management(ds, BREAST)
    ds.CassetteID, ds.PlateID = "CASS-0017", "PLATE-3"
    ds.ImagerPixelSpacing, ds.KVP = ["0.2", "0.2"], "110"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.ImageComments = "Repeat of the film of Wilhelmine"
    moment(ds, BREAST)
    pixels(ds, 16, 16, stored=12)
    window(ds)
    put_overlay(ds)
    return ds


def dog():
    ds = new(DOG, "dog", ROOT + "1", "CR")
    put_animal(ds)
    ds.BodyPartExamined, ds.ViewPosition, ds.PatientOrientation = "ABDOMEN", "", ["L", "F"]
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    moment(ds, DOG)
    pixels(ds, 16, 16, stored=12)
    return ds


def digital(ds, study):
    """The modules of the DX family."""
    put_management(ds, study)
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.PatientOrientation = ["L", "F"]
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LOG", 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "IDENTITY"
    ds.AcquisitionDeviceProcessingDescription = "Kante schärfen 2"
    ds.DetectorType, ds.DetectorID = "DIRECT", "DET-55-A"
    ds.DateOfLastDetectorCalibration, ds.TimeOfLastDetectorCalibration = "20240103", "070000"
    ds.ImagerPixelSpacing = ["0.15", "0.15"]
    ds.ImageLaterality = "L"
    ds.AcquisitionContextSequence = []
    moment(ds, study)
    pixels(ds, 16, 16, stored=14)
    window(ds, "8000", "16000")


def dx():
    ds = new(BREAST, "dx", ROOT + "1.1", "DX", series=2)
    digital(ds, BREAST)
    ds.ImageLaterality = "U"
    ds.AnatomicRegionSequence = [code("51185008", "SCT", "Chest")]
    ds.ViewPosition, ds.PositionerType = "PA", ""
    ds.ViewCodeSequence = [code("272479007", "SCT", "Postero-anterior")]
    ds.ViewCodeSequence[0].ViewModifierCodeSequence = []
    ds.PatientOrientation = ["L", "F"]
    ds.KVP, ds.ExposureInuAs, ds.FilterType = "110", "2500", "NONE"
    return ds


def mg():
    ds = new(BREAST, "mg", ROOT + "1.2", "MG", series=3)
    digital(ds, BREAST)
    ds.PatientOrientation = ["A", "R"]
    ds.PositionerType, ds.OrganExposed = "MAMMOGRAPHIC", "BREAST"
    ds.AnatomicRegionSequence = [code("76752008", "SCT", "Breast")]
    view = code("399162004", "SCT", "cranio-caudal")
    view.ViewModifierCodeSequence = []
    ds.ViewCodeSequence = [view]
    ds.BreastImplantPresent, ds.PartialView = "NO", "NO"
    ds.OrganDose, ds.EntranceDoseInmGy, ds.CompressionForce = "0.012", "4.1", "98"
    return ds


def xray(ds, study):
    ds.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    ds.PatientOrientation = ["L", "F"]
    ds.PixelIntensityRelationship, ds.LossyImageCompression = "LIN", "00"
    ds.KVP, ds.RadiationSetting = "75", "GR"
    ds.XRayTubeCurrent, ds.ExposureTime, ds.Exposure = "400", "8", "3"
    ds.ImagerPixelSpacing = ["0.3", "0.3"]
    ds.FrameTime = "66.6"
    ds.FrameIncrementPointer = 0x00181063
    ds.CineRate, ds.RecommendedDisplayFrameRate = 15, 15
    ds.ProtocolName = "Left coronary 15 f/s"
    moment(ds, study)
    pixels(ds, 12, 12, bits=8, frames=3)
    window(ds, "128", "256")


def xa():
    ds = new(HEART, "xa", ROOT + "12.1", "XA")
    xray(ds, HEART)
    put_management(ds, HEART)
    ds.PositionerMotion = "STATIC"
    ds.BodyPartExamined = "HEART"
    ds.PositionerPrimaryAngle, ds.PositionerSecondaryAngle = "-30", "15"
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = "1000", "700"
    ds.PerformingPhysicianName = "Dunmorrow^Sigrun^^Prof"
    ds.ContrastBolusAgent = "Iodine 300"
    ds.CalibrationImage = "NO"
    return ds


def rf():
    ds = new(HEART, "rf", ROOT + "12.2", "RF", series=2)
    xray(ds, HEART)
    ds.BodyPartExamined = "ESOPHAGUS"
    return ds


def intraoral():
    ds = new(BREAST, "io", ROOT + "1.3", "IO", series=4)
    digital(ds, BREAST)
    ds.PositionerType = "NONE"
    ds.AnatomicRegionSequence = [code("39481002", "SCT", "Maxillary left third molar tooth")]
    ds.AnatomicRegionSequence = [code("245644006", "SCT", "Permanent upper left molar tooth")]
    ds.PrimaryAnatomicStructureSequence = [code("38199008", "SCT", "Tooth")]
    return ds


def portal(plan):
    ds = new(CHEST, "rtimage", ROOT + "481.1", "RTIMAGE", series=20)
    frame_of_reference(ds, CHEST)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "PORTAL"]
    ds.ConversionType, ds.PatientOrientation = "DI", ["L", "F"]
    ds.RTImageLabel, ds.RTImageName = "Portal of Kaarst", "Beam 1"
    ds.RTImagePlane, ds.ReportedValuesOrigin = "NORMAL", "OPERATOR"
    ds.XRayImageReceptorAngle, ds.XRayImageReceptorTranslation = "0", ["0", "0", "-500"]
    ds.RTImageOrientation = ["1", "0", "0", "0", "-1", "0"]
    ds.ImagePlanePixelSpacing, ds.RTImagePosition = ["0.5", "0.5"], ["-4", "4"]
    ds.RadiationMachineName, ds.PrimaryDosimeterUnit = "LINAC ORLA 2", "MU"
    ds.RadiationMachineSAD, ds.RTImageSID = "1000", "1500"
    ds.GantryAngle, ds.BeamLimitingDeviceAngle, ds.PatientSupportAngle = "0", "0", "0"
    ds.ReferencedRTPlanSequence = [
        item(ReferencedSOPClassUID=plan.SOPClassUID, ReferencedSOPInstanceUID=plan.SOPInstanceUID)
    ]
    ds.ReferencedBeamNumber, ds.FractionNumber = 1, 1
    ds.AcquisitionDate, ds.AcquisitionTime = CHEST.date, CHEST.time
    ds.DeviceUID = uid("linac")
    moment(ds, CHEST)
    pixels(ds, 16, 16, stored=12)
    return ds
