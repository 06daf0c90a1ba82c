"""Sectional images, a frame each: CT, MR, PET; and nuclear medicine."""

from .extras import put_management, put_safe_private, put_trial
from .modules import code, frame_of_reference, item, moment, new, pixels, window
from .people import CHEST, KNEE

ROOT = "1.2.840.10008.5.1.4.1.1."


def plane(ds, number, spacing=5):
    ds.PixelSpacing, ds.SliceThickness = ["0.75", "0.75"], "5"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.ImagePositionPatient = ["-6", "-6", str(-spacing * number)]
    ds.SliceLocation = str(-spacing * number)


def ct(number):
    ds = new(CHEST, "ct", ROOT + "2", "CT", number=number)
    frame_of_reference(ds, CHEST)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientPosition, ds.BodyPartExamined = "HFS", "CHEST"
    ds.PerformingPhysicianName = "Dunmorrow^Sigrun^^Prof"
    ds.ProtocolName = "Thorax for Dr Quillfeather"
    ds.ContrastBolusAgent = "Iodine 300"
    put_management(ds, CHEST)
    plane(ds, number)
    ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime, ds.ConvolutionKernel = "120", "210", "500", "B40"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    ds.IrradiationEventUID = ds.SOPInstanceUID + ".1"
    ds.ScanOptions, ds.FilterType, ds.GantryDetectorTilt = "HELIX", "WEDGE", "0"
    moment(ds, CHEST)
    pixels(ds, 16, 16, stored=12)
    window(ds)
    return ds


def mr(number):
    ds = new(KNEE, "mr", ROOT + "4", "MR", number=number)
    frame_of_reference(ds, KNEE)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    ds.PatientPosition, ds.BodyPartExamined, ds.Laterality = "FFS", "KNEE", "L"
    put_management(ds, KNEE)
    put_trial(ds)
    plane(ds, number)
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", "NONE", ""
    ds.MRAcquisitionType, ds.RepetitionTime, ds.EchoTime = "2D", "500", "12"
    ds.EchoTrainLength, ds.MagneticFieldStrength, ds.FlipAngle = "1", "1.5", "90"
    ds.SequenceName, ds.ImagedNucleus = "se2d1", "1H"
    moment(ds, KNEE)
    pixels(ds, 16, 16, stored=12)
    window(ds, "500", "1000")
    return ds


def pet():
    ds = new(CHEST, "pet", ROOT + "128", "PT", series=2)
    frame_of_reference(ds, CHEST)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.BodyPartExamined = "CHEST"
    plane(ds, 1)
    ds.Units, ds.CountsSource, ds.SeriesType = "BQML", "EMISSION", ["STATIC", "IMAGE"]
    ds.NumberOfSlices, ds.ImageIndex, ds.DecayCorrection = 1, 1, "ADMIN"
    ds.CorrectedImage = ["DECY", "ATTN"]
    ds.CollimatorType, ds.ReconstructionMethod = "NONE", "OSEM"
    ds.AttenuationCorrectionMethod = "measured"
    ds.RescaleIntercept, ds.RescaleSlope = "0", "1.5"
    ds.FrameReferenceTime, ds.ActualFrameDuration = "1000", "180000"
    ds.RadiopharmaceuticalInformationSequence = [radiopharmaceutical(CHEST)]
    ds.PatientOrientationCodeSequence = [supine()]
    ds.PatientGantryRelationshipCodeSequence = [code("102540001", "SCT", "headfirst")]
    ds.DecayFactor = "1.01"
    put_safe_private(ds)
    moment(ds, CHEST)
    pixels(ds, 16, 16, stored=16)
    return ds


def supine():
    made = code("102538003", "SCT", "recumbent")
    made.PatientOrientationModifierCodeSequence = [code("40199007", "SCT", "supine")]
    return made


def radiopharmaceutical(study):
    return item(
        Radiopharmaceutical="FDG",
        RadiopharmaceuticalStartTime="070000",
        RadiopharmaceuticalStartDateTime=study.date + "070000",
        RadionuclideTotalDose="370000000",
        RadionuclideHalfLife="6586.2",
        RadionuclidePositronFraction="0.97",
        RadionuclideCodeSequence=[code("77004003", "SCT", "^18^Fluorine")],
        RadiopharmaceuticalCodeSequence=[code("35321007", "SCT", "Fluorodeoxyglucose F^18^")],
    )


def nm():
    ds = new(CHEST, "nm", ROOT + "20", "NM", series=3)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    ds.BodyPartExamined = "WHOLEBODY"
    ds.PatientOrientationCodeSequence = [supine()]
    ds.PatientGantryRelationshipCodeSequence = [code("102540001", "SCT", "headfirst")]
    ds.FrameIncrementPointer = [0x00540010, 0x00540020]
    ds.EnergyWindowVector, ds.NumberOfEnergyWindows = [1, 1], 1
    ds.DetectorVector, ds.NumberOfDetectors = [1, 2], 2
    ds.CountsAccumulated, ds.ActualFrameDuration = "120000", "600000"
    ds.AcquisitionTerminationCondition = "TIME"
    ds.ScanVelocity, ds.ScanLength = "2.5", "2000"
    window_of = item(
        EnergyWindowName="Tc99m",
        EnergyWindowRangeSequence=[item(EnergyWindowLowerLimit="126", EnergyWindowUpperLimit="154")],
    )
    ds.EnergyWindowInformationSequence = [window_of]
    drug = item(
        Radiopharmaceutical="MDP", RadionuclideCodeSequence=[code("72454003", "SCT", "^99m^Technetium")]
    )
    ds.RadiopharmaceuticalInformationSequence = [drug]
    ds.DetectorInformationSequence = [detector("ANTERIOR"), detector("POSTERIOR")]
    ds.PixelSpacing = ["2.4", "2.4"]
    moment(ds, CHEST)
    pixels(ds, 16, 16, frames=2)
    return ds


def detector(name):
    return item(
        CollimatorType="PARA",
        CollimatorGridName=f"LEHR {name[:3]}",
        FieldOfViewShape="RECTANGLE",
        StartAngle="0",
        ImageOrientationPatient=["1", "0", "0", "0", "0", "-1"],
        ImagePositionPatient=["0", "0", "0"],
    )
