"""Enhanced PET."""

from .functional import anatomy, content, enhanced, position, shared, voi
from .modules import code, item, pixels
from .people import CHEST
from .sectional import radiopharmaceutical

CORRECTIONS = [
    "DecayCorrected", "AttenuationCorrected", "ScatterCorrected", "DeadTimeCorrected",
    "GantryMotionCorrected", "PatientMotionCorrected", "CountLossNormalizationCorrected",
    "RandomsCorrected", "NonUniformRadialSamplingCorrected", "SensitivityCalibrated",
]  # fmt: skip


def pet():
    ds = enhanced(CHEST, "ept", "130", "PT", 5)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.RadiopharmaceuticalInformationSequence = [radiopharmaceutical(CHEST)]
    drug = ds.RadiopharmaceuticalInformationSequence[0]
    drug.RadiopharmaceuticalAgentNumber = 1
    drug.AdministrationRouteCodeSequence = [code("47625008", "SCT", "Intravenous route")]
    ds.TypeOfDetectorMotion, ds.CollimatorType, ds.TableMotion = "NONE", "NONE", "STATIC"
    ds.ViewCodeSequence = [code("24422004", "SCT", "Axial")]
    ds.SliceProgressionDirection = "APEX_TO_BASE"
    ds.AcquisitionStartCondition, ds.AcquisitionTerminationCondition = "MANUAL", "TIME"
    ds.TerminationTimeThreshold, ds.TimeOfFlightInformationUsed = 180.0, "FALSE"
    ds.TransverseDetectorSeparation, ds.AxialDetectorDimension = 4.0, 4.0
    ds.CoincidenceWindowWidth = "12"
    ds.EnergyWindowRangeSequence = [item(EnergyWindowLowerLimit="425", EnergyWindowUpperLimit="650")]
    for correction in CORRECTIONS:
        setattr(ds, correction, "YES")
    ds.DecayCorrectionDateTime, ds.CountsSource = CHEST.date + "070500", "EMISSION"
    ds.DetectorNormalizationCorrection, ds.AttenuationCorrectionSource = "NO", "CT"
    ds.AttenuationCorrectionTemporalRelationship = "CONCURRENT"
    ds.ScatterCorrectionMethod, ds.RandomsCorrectionMethod = "model", "DLYD"
    ds.GantryMotionCorrected, ds.PatientMotionCorrected = "NO", "NO"
    groups = shared()
    groups.FrameAnatomySequence = anatomy(code("51185008", "SCT", "Chest"), "U")
    groups.PETFrameTypeSequence = [
        item(
            FrameType=ds.ImageType, PixelPresentation="MONOCHROME", VolumetricProperties="VOLUME",
            VolumeBasedCalculationTechnique="NONE",
        )
    ]  # fmt: skip
    groups.PixelValueTransformationSequence = [item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")]
    groups.FrameVOILUTSequence = voi("500", "1000")
    groups.RadiopharmaceuticalUsageSequence = [item(RadiopharmaceuticalAgentNumber=1)]
    groups.PETFrameAcquisitionSequence = [
        item(TableHeight="100", GantryDetectorTilt="0", GantryDetectorSlew="0", DataCollectionDiameter="700")
    ]
    groups.PETDetectorMotionDetailsSequence = [item(RotationDirection="CW", RevolutionTime=1.0)]
    groups.PETPositionSequence = [
        item(
            TablePosition=0.0, DataCollectionCenterPatient=[0.0, 0.0, 0.0],
            ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
        )
    ]  # fmt: skip
    groups.PETFrameCorrectionFactorsSequence = [
        item(
            PrimaryPromptsCountsAccumulated=1000,
            SliceSensitivityFactor=1.0,
            DecayFactor="1.01",
            ScatterFractionFactor="0.3",
            DeadTimeFactor="1.02",
        )
    ]
    groups.PETReconstructionSequence = [
        item(
            ReconstructionType="2D", ReconstructionAlgorithm="FILTER_BACK_PROJ", IterativeReconstructionMethod="NO",
            ReconstructionDiameter="600",
        )
    ]  # fmt: skip
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [
        item(FrameContentSequence=[content(CHEST, n)], PlanePositionSequence=[position(n)]) for n in (1, 2)
    ]
    for frame in ds.PerFrameFunctionalGroupsSequence:
        frame.FrameContentSequence[0].TemporalPositionIndex = 1
    pixels(ds, 8, 8, frames=2)
    return ds
