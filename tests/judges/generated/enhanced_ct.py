"""Enhanced CT."""

from .functional import anatomy, content, enhanced, position, shared, voi
from .modules import code, item
from .people import CHEST


def ct():
    ds = enhanced(CHEST, "ect", "2.1", "CT", 4)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    frame_type = item(
        FrameType=ds.ImageType, PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE",
    )  # fmt: skip
    groups = shared()
    groups.FrameAnatomySequence = anatomy(code("51185008", "SCT", "Chest"), "U")
    groups.CTImageFrameTypeSequence = [frame_type]
    groups.CTAcquisitionTypeSequence = [
        item(AcquisitionType="SEQUENCED", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")
    ]
    groups.CTAcquisitionDetailsSequence = [acquisition_details()]
    groups.CTTableDynamicsSequence = [item(TableSpeed=10.0, TableFeedPerRotation=5.0, SpiralPitchFactor=1.0)]
    groups.CTGeometrySequence = [
        item(
            DistanceSourceToDetector="1000", DistanceSourceToDataCollectionCenter=500.0,
            DataCollectionCenterPatient=[0.0, 0.0, 0.0], ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
        )
    ]  # fmt: skip
    groups.CTReconstructionSequence = [
        item(
            ReconstructionAlgorithm="FILTER_BACK_PROJ", ConvolutionKernel="B40",
            ConvolutionKernelGroup="SOFT_TISSUE", ReconstructionFieldOfView=[300.0, 300.0],
            ReconstructionAngle=360.0, ImageFilter="NONE", ReconstructionPixelSpacing=[0.75, 0.75],
        )
    ]  # fmt: skip
    groups.CTExposureSequence = [
        item(
            ExposureTimeInms=500.0, XRayTubeCurrentInmA=210.0, ExposureInmAs=105.0,
            ExposureModulationType="NONE", CTDIvol=7.5,
            CTDIPhantomTypeCodeSequence=[code("113691", "DCM", "IEC Body Dosimetry Phantom")],
        )
    ]  # fmt: skip
    groups.CTXRayDetailsSequence = [
        item(
            KVP="120", FocalSpots=[1.0], FilterType="WEDGE", FilterMaterial="ALUMINUM",
        )
    ]  # fmt: skip
    groups.CTImageFrameTypeSequence = [frame_type]
    groups.PixelValueTransformationSequence = [
        item(RescaleIntercept="-1024", RescaleSlope="1", RescaleType="HU")
    ]
    groups.FrameVOILUTSequence = voi("40", "400")
    groups.IrradiationEventIdentificationSequence = [item(IrradiationEventUID=ds.SOPInstanceUID + ".1")]
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [
        item(
            FrameContentSequence=[content(CHEST, n)],
            PlanePositionSequence=[position(n)],
            CTPositionSequence=[
                item(
                    TablePosition=float(n), DataCollectionCenterPatient=[0.0, 0.0, 0.0],
                    ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
                )
            ],
        )
        for n in (1, 2)
    ]  # fmt: skip
    ds.MultienergyCTAcquisition = "NO"
    return ds


def acquisition_details():
    return item(
        RotationDirection="CW", RevolutionTime=0.5, SingleCollimationWidth=1.0,
        TotalCollimationWidth=16.0, TableHeight="120", GantryDetectorTilt="0", DataCollectionDiameter="500",
    )  # fmt: skip
