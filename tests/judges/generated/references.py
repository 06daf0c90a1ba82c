"""Objects that are about other objects: presentation states, registrations, mappings, surfaces."""

import struct

from .derived import mapping
from .modules import code, frame_of_reference, item, new, reference
from .people import CHEST, REPORTER, VISIBLE, uid

ROOT = "1.2.840.10008.5.1.4.1.1."


def series_of(objects):
    return item(
        SeriesInstanceUID=objects[0].SeriesInstanceUID,
        ReferencedImageSequence=[reference(ds) for ds in objects],
    )


def identify(ds, study, label, description):
    """Content Identification, and what the objects are of."""
    ds.BodyPartExamined = "CHEST"
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = label, description, REPORTER
    ds.ContentCreatorIdentificationCodeSequence = [
        item(
            PersonIdentificationCodeSequence=[code("P-3003", "99ORLA", "Dunmorrow")],
            InstitutionName="Saint Orla Infirmary",
        )
    ]


def state(kind, study, sop_class, series, objects):
    ds = new(study, kind, ROOT + sop_class, "PR", series=series)
    identify(ds, study, "KEY", "Marked for Dr Quillfeather")
    ds.PresentationCreationDate, ds.PresentationCreationTime = study.date, study.time
    ds.ReferencedSeriesSequence = [series_of(objects)]
    ds.DisplayedAreaSelectionSequence = [
        item(
            DisplayedAreaTopLeftHandCorner=[1, 1], DisplayedAreaBottomRightHandCorner=[16, 16],
            PresentationSizeMode="SCALE TO FIT", PresentationPixelAspectRatio=["1", "1"],
        )
    ]  # fmt: skip
    ds.GraphicAnnotationSequence = [
        item(
            ReferencedImageSequence=[reference(objects[0])],
            GraphicLayer="LAYER1",
            TextObjectSequence=[
                item(
                    BoundingBoxAnnotationUnits="PIXEL", UnformattedTextValue="Kaarst 1941",
                    BoundingBoxTopLeftHandCorner=[1.0, 1.0], BoundingBoxBottomRightHandCorner=[9.0, 4.0],
                    BoundingBoxTextHorizontalJustification="LEFT",
                )
            ],
            GraphicObjectSequence=[
                item(
                    GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=2,
                    GraphicData=[1.0, 1.0, 8.0, 8.0], GraphicType="POLYLINE", GraphicFilled="N",
                )
            ],
        )
    ]  # fmt: skip
    ds.GraphicLayerSequence = [
        item(GraphicLayer="LAYER1", GraphicLayerOrder=1, GraphicLayerDescription="Notes of Dunmorrow")
    ]
    return ds


def grey_state(slices):
    ds = state("gsps", CHEST, "11.1", 44, slices)
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    ds.SoftcopyVOILUTSequence = [item(WindowCenter="40", WindowWidth="400")]
    ds.PresentationLUTShape = "IDENTITY"
    return ds


def colour_state(photograph):
    ds = state("csps", VISIBLE, "11.2", 9, [photograph])
    ds.ICCProfile = b"\0" * 128
    return ds


IDENTITY = ["1", "0", "0", "0", "0", "1", "0", "0", "0", "0", "1", "0", "0", "0", "0", "1"]


def registration(slices, pet):
    ds = new(CHEST, "reg", ROOT + "66.1", "REG", series=32)
    frame_of_reference(ds, CHEST)
    identify(ds, CHEST, "CTPET", "CT to PET of Kaarst")
    ds.ContentDate, ds.ContentTime = CHEST.date, CHEST.time

    def moved(frame, objects):
        return item(
            FrameOfReferenceUID=frame,
            ReferencedImageSequence=[reference(ds) for ds in objects],
            MatrixRegistrationSequence=[
                item(
                    FrameOfReferenceTransformationComment="by Bramblewick",
                    RegistrationTypeCodeSequence=[code("125024", "DCM", "Image Content-based Alignment")],
                    MatrixSequence=[
                        item(
                            FrameOfReferenceTransformationMatrixType="RIGID",
                            FrameOfReferenceTransformationMatrix=IDENTITY,
                        )
                    ],
                )
            ],
        )

    ds.RegistrationSequence = [
        moved(slices[0].FrameOfReferenceUID, slices), moved(pet.FrameOfReferenceUID, [pet])
    ]  # fmt: skip
    ds.ReferencedSeriesSequence = [instances_of(slices), instances_of([pet])]
    return ds


def instances_of(objects):
    return item(
        SeriesInstanceUID=objects[0].SeriesInstanceUID,
        ReferencedInstanceSequence=[reference(ds) for ds in objects],
    )


def real_world(slices):
    ds = new(CHEST, "rwv", ROOT + "67", "RWV", series=33)
    identify(ds, CHEST, "HU", "Mapping for Kaarst")
    ds.ContentDate, ds.ContentTime = CHEST.date, CHEST.time
    ds.ReferencedImageRealWorldValueMappingSequence = [
        item(
            ReferencedImageSequence=[reference(ds) for ds in slices],
            RealWorldValueMappingSequence=[mapping("[hnsf'U]", "Hounsfield unit")],
        )
    ]
    ds.ReferencedSeriesSequence = [instances_of(slices)]
    return ds


def fiducials(slices):
    ds = new(CHEST, "fid", ROOT + "66.2", "FID", series=34)
    identify(ds, CHEST, "MARKS", "Marks on Kaarst")
    ds.ContentDate, ds.ContentTime = CHEST.date, CHEST.time
    mark = item(
        FiducialIdentifier="MARK 1", FiducialDescription="Sternum of Wilhelmine",
        FiducialUID=uid("fiducial"), ShapeType="POINT",
        GraphicCoordinatesDataSequence=[
            item(GraphicData=[4.0, 4.0], ReferencedImageSequence=[reference(slices[0])])
        ],
    )  # fmt: skip
    ds.FiducialSetSequence = [
        item(ReferencedImageSequence=[reference(ds) for ds in slices], FiducialSequence=[mark])
    ]
    ds.ReferencedSeriesSequence = [instances_of(slices)]
    return ds


def surface(slices):
    ds = new(CHEST, "surface", ROOT + "66.5", "SEG", series=35)
    frame_of_reference(ds, CHEST)
    identify(ds, CHEST, "SURFACE", "Surface of the lung of Kaarst")
    ds.ContentDate, ds.ContentTime = CHEST.date, CHEST.time
    ds.ReferencedSeriesSequence = [instances_of(slices)]
    algorithm = item(
        AlgorithmFamilyCodeSequence=[code("123109", "DCM", "Manual Processing")],
        AlgorithmName="Drawn by Bramblewick", AlgorithmVersion="1",
    )  # fmt: skip
    ds.SegmentSequence = [
        item(
            SegmentNumber=1, SegmentLabel="Lung", SegmentAlgorithmType="MANUAL",
            SegmentedPropertyCategoryCodeSequence=[code("123037004", "SCT", "Anatomical Structure")],
            SegmentedPropertyTypeCodeSequence=[code("39607008", "SCT", "Lung")],
            SurfaceCount=1,
            ReferencedSurfaceSequence=[
                item(
                    ReferencedSurfaceNumber=1,
                    SegmentSurfaceGenerationAlgorithmIdentificationSequence=[algorithm],
                    SegmentSurfaceSourceInstanceSequence=[reference(ds) for ds in slices],
                )
            ],
        )
    ]  # fmt: skip
    points = struct.pack("<9f", 0, 0, -5, 4, 0, -5, 4, 4, -5)
    ds.NumberOfSurfaces = 1
    ds.SurfaceSequence = [
        item(
            SurfaceNumber=1, SurfaceProcessing="NO", RecommendedDisplayGrayscaleValue=65535,
            RecommendedDisplayCIELabValue=[32768, 32896, 32896], RecommendedPresentationOpacity=1.0,
            RecommendedPresentationType="SURFACE", FiniteVolume="NO", Manifold="NO",
            SurfacePointsSequence=[
                item(NumberOfSurfacePoints=3, PointCoordinatesData=points)
            ],
            SurfacePointsNormalsSequence=[],
            SurfaceMeshPrimitivesSequence=[
                item(
                    LongVertexPointIndexList=b"", LongEdgePointIndexList=b"",
                    LongTrianglePointIndexList=struct.pack("<3L", 1, 2, 3),
                    TriangleStripSequence=[], TriangleFanSequence=[], LineSequence=[], FacetSequence=[],
                )
            ],
        )
    ]  # fmt: skip
    return ds
