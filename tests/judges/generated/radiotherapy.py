"""A treatment: structure set, plan, dose, treatment record; all of one CT series."""

from .modules import code, frame_of_reference, item, moment, new, pixels, reference
from .people import CHEST, OPERATOR, PHYSICIAN, REPORTER, uid

ROOT = "1.2.840.10008.5.1.4.1.1.481."


def structures(slices):
    ds = new(CHEST, "rtstruct", ROOT + "3", "RTSTRUCT", series=21)
    frame_of_reference(ds, CHEST)
    ds.StructureSetLabel, ds.StructureSetName = "Plan 1", "Kaarst lung"
    ds.StructureSetDescription = "Contours by Quillfeather"
    ds.StructureSetDate, ds.StructureSetTime = CHEST.date, CHEST.time
    ds.ReferencedFrameOfReferenceSequence = [
        item(
            FrameOfReferenceUID=slices[0].FrameOfReferenceUID,
            RTReferencedStudySequence=[
                item(
                    ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
                    ReferencedSOPInstanceUID=CHEST.uid,
                    RTReferencedSeriesSequence=[
                        item(
                            SeriesInstanceUID=slices[0].SeriesInstanceUID,
                            ContourImageSequence=[reference(ct) for ct in slices],
                        )
                    ],
                )
            ],
        )
    ]
    ds.StructureSetROISequence = [
        item(
            ROINumber=1, ReferencedFrameOfReferenceUID=ds.FrameOfReferenceUID, ROIName="Lung_L",
            ROIDescription="Drawn for Wilhelmine", ROIGenerationAlgorithm="MANUAL",
        )
    ]  # fmt: skip
    contour = item(
        ContourImageSequence=[reference(slices[0])], ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=3, ContourData=["0", "0", "-5", "4", "0", "-5", "4", "4", "-5"],
    )  # fmt: skip
    ds.ROIContourSequence = [
        item(ReferencedROINumber=1, ROIDisplayColor=["255", "0", "0"], ContourSequence=[contour])
    ]
    ds.RTROIObservationsSequence = [
        item(
            ObservationNumber=1, ReferencedROINumber=1, ROIObservationLabel="Kaarst",
            RTROIInterpretedType="ORGAN", ROIInterpreter=REPORTER,
            RTROIIdentificationCodeSequence=[code("39607008", "SCT", "Lung")],
        )
    ]  # fmt: skip
    ds.ApprovalStatus, ds.ReviewerName = "APPROVED", REPORTER
    ds.ReviewDate, ds.ReviewTime = CHEST.date, CHEST.time
    return ds


def plan(structure_set):
    ds = new(CHEST, "rtplan", ROOT + "5", "RTPLAN", series=22)
    frame_of_reference(ds, CHEST)
    ds.RTPlanLabel, ds.RTPlanName = "Plan 1", "Kaarst lung"
    ds.RTPlanDescription = "Plan for Wilhelmine"
    ds.RTPlanDate, ds.RTPlanTime, ds.RTPlanGeometry = CHEST.date, CHEST.time, "PATIENT"
    ds.ReferencedStructureSetSequence = [reference(structure_set)]
    ds.FractionGroupSequence = [
        item(
            FractionGroupNumber=1, NumberOfFractionsPlanned=20, NumberOfBeams=1,
            NumberOfBrachyApplicationSetups=0,
            ReferencedBeamSequence=[item(ReferencedBeamNumber=1, BeamMeterset="110")],
        )
    ]  # fmt: skip
    ds.BeamSequence = [beam()]
    ds.PatientSetupSequence = [
        item(PatientSetupNumber=1, PatientPosition="HFS", SetupTechniqueDescription="Mask of W. Kaarst")
    ]
    ds.ApprovalStatus, ds.ReviewerName = "APPROVED", PHYSICIAN
    ds.ReviewDate, ds.ReviewTime = CHEST.date, CHEST.time
    return ds


def beam():
    first = item(
        ControlPointIndex=0, CumulativeMetersetWeight="0", NominalBeamEnergy="6", DoseRateSet="300",
        BeamLimitingDevicePositionSequence=[
            item(RTBeamLimitingDeviceType="X", LeafJawPositions=["-20", "20"]),
            item(RTBeamLimitingDeviceType="Y", LeafJawPositions=["-20", "20"]),
        ],
        GantryAngle="0", GantryRotationDirection="NONE",
        BeamLimitingDeviceAngle="0", BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle="0", PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle="0", TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition=None, TableTopLongitudinalPosition=None, TableTopLateralPosition=None,
        IsocenterPosition=["0", "0", "-5"],
    )  # fmt: skip
    return item(
        BeamNumber=1, BeamName="AP", BeamDescription="Kaarst AP", BeamType="STATIC",
        RadiationType="PHOTON", TreatmentMachineName="LINAC ORLA 2", PrimaryDosimeterUnit="MU",
        SourceAxisDistance="1000", TreatmentDeliveryType="TREATMENT", Manufacturer="Example Imaging",
        InstitutionName="Saint Orla Infirmary", DeviceSerialNumber="LIN-8812",
        BeamLimitingDeviceSequence=[
            item(RTBeamLimitingDeviceType="X", NumberOfLeafJawPairs=1),
            item(RTBeamLimitingDeviceType="Y", NumberOfLeafJawPairs=1),
        ],
        NumberOfWedges=0, NumberOfCompensators=0, NumberOfBoli=0, NumberOfBlocks=0,
        FinalCumulativeMetersetWeight="1", NumberOfControlPoints=2,
        ControlPointSequence=[first, item(ControlPointIndex=1, CumulativeMetersetWeight="1")],
        ReferencedPatientSetupNumber=1,
    )  # fmt: skip


def dose(of_plan):
    ds = new(CHEST, "rtdose", ROOT + "2", "RTDOSE", series=23)
    frame_of_reference(ds, CHEST)
    ds.PixelSpacing, ds.SliceThickness = ["2", "2"], "5"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.ImagePositionPatient = ["-8", "-8", "-5"]
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    ds.DoseComment = "Dose for Kaarst"
    ds.GridFrameOffsetVector, ds.DoseGridScaling = ["0", "5"], "0.001"
    ds.TissueHeterogeneityCorrection = "IMAGE"
    ds.FrameIncrementPointer = 0x3004000C
    ds.ReferencedRTPlanSequence = [reference(of_plan)]
    moment(ds, CHEST, acquisition=False)
    pixels(ds, 8, 8, frames=2)
    return ds


def record(of_plan):
    ds = new(CHEST, "rtrecord", ROOT + "4", "RTRECORD", series=24)
    ds.TreatmentDate, ds.TreatmentTime = "20240124", "090000"
    ds.OperatorsName = OPERATOR
    ds.ReferencedRTPlanSequence = [reference(of_plan)]
    ds.TreatmentMachineSequence = [
        item(
            TreatmentMachineName="LINAC ORLA 2", Manufacturer="Example Imaging",
            InstitutionName="Saint Orla Infirmary", ManufacturerModelName="Linac",
            DeviceSerialNumber="LIN-8812", DeviceUID=uid("linac"),
        )
    ]  # fmt: skip
    ds.PrimaryDosimeterUnit, ds.NumberOfFractionsPlanned = "MU", 20
    ds.ReferencedFractionGroupNumber = 1
    planned = of_plan.BeamSequence[0]
    ds.TreatmentSessionBeamSequence = [
        item(
            BeamName="AP", BeamType="STATIC", RadiationType="PHOTON", ReferencedBeamNumber=1,
            TreatmentDeliveryType="TREATMENT", CurrentFractionNumber=1, TreatmentTerminationStatus="NORMAL",
            TreatmentVerificationStatus="", DeliveredPrimaryMeterset="110",
            SpecifiedPrimaryMeterset="110", NumberOfWedges=0, NumberOfCompensators=0, NumberOfBoli=0,
            NumberOfBlocks=0, NumberOfControlPoints=2,
            BeamLimitingDeviceLeafPairsSequence=[
                item(RTBeamLimitingDeviceType="X", NumberOfLeafJawPairs=1),
                item(RTBeamLimitingDeviceType="Y", NumberOfLeafJawPairs=1),
            ],
            ControlPointDeliverySequence=[
                delivery(0, "0", planned.ControlPointSequence[0]), delivery(1, "110", None)
            ],
        )
    ]  # fmt: skip
    return ds


def delivery(index, meterset, planned):
    made = item(
        ReferencedControlPointIndex=index, TreatmentControlPointDate="20240124",
        TreatmentControlPointTime="090100", SpecifiedMeterset=meterset, DeliveredMeterset=meterset,
        DoseRateSet="300", DoseRateDelivered="300",
    )  # fmt: skip
    if planned is not None:
        for keyword in (
            "NominalBeamEnergy", "BeamLimitingDevicePositionSequence", "GantryAngle",
            "GantryRotationDirection", "BeamLimitingDeviceAngle", "BeamLimitingDeviceRotationDirection",
            "PatientSupportAngle", "PatientSupportRotationDirection", "TableTopEccentricAngle",
            "TableTopEccentricRotationDirection", "TableTopVerticalPosition",
            "TableTopLongitudinalPosition", "TableTopLateralPosition",
        ):  # fmt: skip
            setattr(made, keyword, planned[keyword].value)
        made.NominalBeamEnergyUnit = "MV"
    return made


def summary(of_plan):
    ds = new(CHEST, "rtsummary", ROOT + "7", "RTRECORD", series=25)
    ds.TreatmentDate, ds.TreatmentTime = "20240214", "093000"
    ds.ReferencedRTPlanSequence = [reference(of_plan)]
    ds.CurrentTreatmentStatus, ds.TreatmentStatusComment = "COMPLETED", "Kaarst was tired"
    ds.FirstTreatmentDate, ds.MostRecentTreatmentDate = "20240124", "20240214"
    ds.FractionGroupSummarySequence = [
        item(
            ReferencedFractionGroupNumber=1, FractionGroupType="EXTERNAL_BEAM",
            NumberOfFractionsPlanned=20, NumberOfFractionsDelivered=1,
            FractionStatusSummarySequence=[
                item(
                    ReferencedFractionNumber=1, TreatmentDate="20240124", TreatmentTime="090000",
                    TreatmentTerminationStatus="NORMAL",
                )
            ],
        )
    ]  # fmt: skip
    return ds
