"""Multi-frame objects with functional groups: enhanced CT and MR, segmentation, parametric map."""

from .modules import code, frame_of_reference, item, moment, new, pixels, put_management, reference
from .people import CHEST, KNEE, uid
from .sectional import radiopharmaceutical

ROOT = "1.2.840.10008.5.1.4.1.1."


def organise(ds, study, kind):
    """Frames are ordered by their position in the stack."""
    dimension = uid(study.key, kind, "dimensions")
    ds.DimensionOrganizationSequence = [item(DimensionOrganizationUID=dimension)]
    ds.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=dimension,
            DimensionIndexPointer=0x00209057,
            FunctionalGroupPointer=0x00209111,
            DimensionDescriptionLabel="Position in stack",
        )
    ]


def content(study, number):
    return item(
        FrameAcquisitionNumber=1,
        FrameReferenceDateTime=study.date + study.time,
        FrameAcquisitionDateTime=study.date + study.time,
        FrameAcquisitionDuration=500.0,
        StackID="1",
        InStackPositionNumber=number,
        DimensionIndexValues=[number],
        FrameComments="Kaarst breathes",
    )


def position(number):
    return item(ImagePositionPatient=["-6", "-6", str(-5 * number)])


ORIENTATION = ["1", "0", "0", "0", "1", "0"]


def shared():
    """The functional groups that are the same for all frames."""
    return item(
        PixelMeasuresSequence=[item(PixelSpacing=["0.75", "0.75"], SliceThickness="5")],
        PlaneOrientationSequence=[item(ImageOrientationPatient=ORIENTATION)],
    )


def anatomy(region, laterality):
    return [item(AnatomicRegionSequence=[region], FrameLaterality=laterality)]


def enhanced(study, kind, sop_class, modality, series):
    ds = new(study, kind, ROOT + sop_class, modality, series=series)
    frame_of_reference(ds, study)
    put_management(ds, study)
    organise(ds, study, kind)
    ds.AcquisitionDateTime, ds.AcquisitionDuration = study.date + study.time, 1.5
    ds.PatientPosition = "HFS"
    ds.AcquisitionContextSequence = []
    ds.PixelPresentation, ds.VolumetricProperties = "MONOCHROME", "VOLUME"
    ds.VolumeBasedCalculationTechnique, ds.ContentQualification = "NONE", "RESEARCH"
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    ds.PresentationLUTShape = "IDENTITY"
    ds.AcquisitionProtocolName = "Protocol of Dr Quillfeather"
    moment(ds, study)
    del ds.AcquisitionDate, ds.AcquisitionTime
    pixels(ds, 8, 8, stored=12, frames=2)
    return ds


def voi(center, width):
    return [item(WindowCenter=center, WindowWidth=width)]


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
    groups.IrradiationEventIdentificationSequence = [
        item(IrradiationEventUID=ds.SOPInstanceUID + ".1")
    ]
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
    groups.PixelValueTransformationSequence = [
        item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    ]
    groups.FrameVOILUTSequence = voi("500", "1000")
    put_mr_groups(ds, groups)
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [
        item(FrameContentSequence=[content(KNEE, n)], PlanePositionSequence=[position(n)])
        for n in (1, 2)
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


def derived(kind, sop_class, modality, series, slices):
    """What segmentations and parametric maps of the CT have in common."""
    ds = new(CHEST, kind, ROOT + sop_class, modality, series=series)
    frame_of_reference(ds, CHEST)
    organise(ds, CHEST, kind)
    ds.ContentLabel, ds.ContentDescription = "LUNG", "Lung of W. Kaarst"
    ds.ContentCreatorName = "Dunmorrow^Sigrun^^Prof"
    ds.SoftwareVersions, ds.LossyImageCompression = ["7.1"], "00"
    ds.ReferencedSeriesSequence = [
        item(
            SeriesInstanceUID=slices[0].SeriesInstanceUID,
            ReferencedInstanceSequence=[reference(ct) for ct in slices],
        )
    ]
    moment(ds, CHEST, acquisition=False)
    groups = shared()
    groups.PixelMeasuresSequence[0].SpacingBetweenSlices = "5"
    return ds, groups


def derivation(source):
    made = reference(source)
    made.PurposeOfReferenceCodeSequence = [code("121322", "DCM", "Source Image for Image Processing Operation")]
    return item(
        DerivationImageSequence=[
            item(
                SourceImageSequence=[made],
                DerivationCodeSequence=[code("113076", "DCM", "Segmentation")],
            )
        ],
        FrameContentSequence=[item(DimensionIndexValues=[1], StackID="1", InStackPositionNumber=1)],
        PlanePositionSequence=[item(ImagePositionPatient=source.ImagePositionPatient)],
    )


def segmentation(slices):
    ds, groups = derived("seg", "66.4", "SEG", 30, slices)
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.SegmentationType, ds.SegmentsOverlap = "BINARY", "NO"
    ds.SegmentSequence = [
        item(
            SegmentNumber=1, SegmentLabel="Lung", SegmentDescription="Left lung of Kaarst",
            SegmentAlgorithmType="MANUAL", TrackingID="W KAARST 1", TrackingUID=uid("tracking"),
            SegmentedPropertyCategoryCodeSequence=[code("123037004", "SCT", "Anatomical Structure")],
            SegmentedPropertyTypeCodeSequence=[code("39607008", "SCT", "Lung")],
        )
    ]  # fmt: skip
    groups.SegmentIdentificationSequence = [item(ReferencedSegmentNumber=1)]
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [derivation(ct) for ct in slices]
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence, 1):
        frame.FrameContentSequence[0].DimensionIndexValues = [number]
        frame.FrameContentSequence[0].InStackPositionNumber = number
    pixels(ds, 16, 16, bits=1, frames=len(slices))
    ds.ConcatenationUID = uid("concatenation")
    ds.ConcatenationFrameOffsetNumber = 0
    ds.InConcatenationNumber, ds.InConcatenationTotalNumber = 1, 2
    ds.SOPInstanceUIDOfConcatenationSource = uid("concatenation source")
    return ds


def parametric_map(slices):
    ds, groups = derived("pm", "30", "OT", 31, slices)
    ds.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"]
    ds.ContentQualification, ds.BurnedInAnnotation = "RESEARCH", "NO"
    ds.RecognizableVisualFeatures = "NO"
    ds.PresentationLUTShape = "IDENTITY"
    ds.AcquisitionContextSequence = []
    groups.FrameAnatomySequence = anatomy(code("51185008", "SCT", "Chest"), "U")
    groups.ParametricMapFrameTypeSequence = [item(FrameType=ds.ImageType)]
    groups.PixelValueTransformationSequence = [
        item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    ]
    groups.FrameVOILUTSequence = voi("128", "256")
    groups.RealWorldValueMappingSequence = [mapping("HU", "Hounsfield unit")]
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [derivation(ct) for ct in slices]
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence, 1):
        frame.FrameContentSequence[0].DimensionIndexValues = [number]
        frame.FrameContentSequence[0].InStackPositionNumber = number
    pixels(ds, 16, 16, frames=len(slices))
    return ds


def mapping(unit, meaning):
    return item(
        LUTLabel="LINEAR",
        LUTExplanation="Linear",
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=4095,
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=1.0,
        MeasurementUnitsCodeSequence=[code("[hnsf'U]", "UCUM", meaning)],
        QuantityDefinitionSequence=[
            item(
                ValueType="CODE",
                ConceptNameCodeSequence=[code("246205007", "SCT", "Quantity")],
                ConceptCodeSequence=[code("112031", "DCM", "Attenuation Coefficient")],
            )
        ],
    )


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
    groups.PixelValueTransformationSequence = [
        item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    ]
    groups.FrameVOILUTSequence = voi("500", "1000")
    groups.RadiopharmaceuticalUsageSequence = [item(RadiopharmaceuticalAgentNumber=1)]
    groups.PETFrameAcquisitionSequence = [
        item(TableHeight="100", GantryDetectorTilt="0", GantryDetectorSlew="0", DataCollectionDiameter="700")
    ]
    groups.PETDetectorMotionDetailsSequence = [
        item(RotationDirection="CW", RevolutionTime=1.0)
    ]
    groups.PETPositionSequence = [
        item(
            TablePosition=0.0, DataCollectionCenterPatient=[0.0, 0.0, 0.0],
            ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
        )
    ]  # fmt: skip
    groups.PETFrameCorrectionFactorsSequence = [
        item(
            PrimaryPromptsCountsAccumulated=1000, SliceSensitivityFactor=1.0, DecayFactor="1.01",
            ScatterFractionFactor="0.3", DeadTimeFactor="1.02",
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
        item(FrameContentSequence=[content(CHEST, n)], PlanePositionSequence=[position(n)])
        for n in (1, 2)
    ]
    for frame in ds.PerFrameFunctionalGroupsSequence:
        frame.FrameContentSequence[0].TemporalPositionIndex = 1
    pixels(ds, 8, 8, frames=2)
    return ds
