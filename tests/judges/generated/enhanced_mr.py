"""Enhanced MR."""

from .functional import anatomy, content, enhanced, position, shared, voi
from .modules import code, item
from .people import KNEE


def mr():
    ds = enhanced(KNEE, "emr", "4.1", "MR", 8)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "T1", "NONE"]
    ds.PatientPosition = "FFS"
    ds.ComplexImageComponent, ds.AcquisitionContrast = "MAGNITUDE", "T1"
    ds.ResonantNucleus, ds.MagneticFieldStrength, ds.KSpaceFiltering = "1H", 1.5, "NONE"
    ds.ApplicableSafetyStandardAgency = "IEC"
    ds.ApplicableSafetyStandardDescription = "60601"
    groups = shared()
    groups.FrameAnatomySequence = anatomy(code("72696002", "SCT", "Knee"), "L")
    groups.MRImageFrameTypeSequence = [
        item(
            FrameType=ds.ImageType, PixelPresentation="MONOCHROME", VolumetricProperties="VOLUME",
            VolumeBasedCalculationTechnique="NONE", ComplexImageComponent="MAGNITUDE",
            AcquisitionContrast="T1",
        )
    ]  # fmt: skip
    groups.PixelValueTransformationSequence = [item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")]
    groups.FrameVOILUTSequence = voi("500", "1000")
    put_mr_groups(ds, groups)
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [
        item(FrameContentSequence=[content(KNEE, n)], PlanePositionSequence=[position(n)]) for n in (1, 2)
    ]
    return ds


def put_mr_groups(ds, groups):
    ds.PulseSequenceName, ds.MRAcquisitionType = "se", "2D"
    ds.EchoPulseSequence, ds.MultipleSpinEcho, ds.MultiPlanarExcitation = "SPIN", "NO", "NO"
    ds.PhaseContrast, ds.TimeOfFlightContrast = "NO", "NO"
    ds.SteadyStatePulseSequence, ds.EchoPlanarPulseSequence = "NONE", "NO"
    ds.SaturationRecovery, ds.SpectrallySelectedSuppression = "NO", "NONE"
    ds.GeometryOfKSpaceTraversal, ds.RectilinearPhaseEncodeReordering = "RECTILINEAR", "LINEAR"
    ds.SegmentedKSpaceTraversal = "SINGLE"
    ds.OversamplingPhase, ds.NumberOfKSpaceTrajectories = "NONE", 1
    groups.MRTimingAndRelatedParametersSequence = [
        item(
            RepetitionTime="500", FlipAngle="90", EchoTrainLength="1", RFEchoTrainLength=1,
            GradientEchoTrainLength=0,
            SpecificAbsorptionRateSequence=[
                item(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=0.5)
            ],
            GradientOutputType="DB_DT", GradientOutput=10.0,
            OperatingModeSequence=[item(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL")],
        )
    ]  # fmt: skip
    groups.MRFOVGeometrySequence = [
        item(
            InPlanePhaseEncodingDirection="ROW", MRAcquisitionFrequencyEncodingSteps=8,
            MRAcquisitionPhaseEncodingStepsInPlane=8, PercentSampling="100",
            PercentPhaseFieldOfView="100",
        )
    ]  # fmt: skip
    groups.MREchoSequence = [item(EffectiveEchoTime=12.0)]
    groups.MRModifierSequence = [
        item(
            InversionRecovery="NO", FlowCompensation="NONE", Spoiling="NONE", T2Preparation="NO",
            SpectrallySelectedExcitation="NONE", SpatialPresaturation="NONE", PartialFourier="NO",
            ParallelAcquisition="NO",
        )
    ]  # fmt: skip
    groups.MRImagingModifierSequence = [
        item(
            MagnetizationTransfer="NONE", BloodSignalNulling="NO", Tagging="NONE",
            TransmitterFrequency=63.8, PixelBandwidth="150",
        )
    ]  # fmt: skip
    groups.MRReceiveCoilSequence = [
        item(
            ReceiveCoilName="KNEE8", ReceiveCoilManufacturerName="Example Imaging",
            ReceiveCoilType="VOLUME", QuadratureReceiveCoil="YES",
        )
    ]  # fmt: skip
    groups.MRTransmitCoilSequence = [
        item(
            TransmitCoilName="BODY", TransmitCoilManufacturerName="Example Imaging",
            TransmitCoilType="BODY",
        )
    ]  # fmt: skip
    groups.MRAveragesSequence = [item(NumberOfAverages="1")]
