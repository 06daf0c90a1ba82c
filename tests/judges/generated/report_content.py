"""Content items of structured reports, with persons in them."""

from .modules import code, item, reference
from .people import CHEST, HOSPITAL, REPORTER


def content(relation, kind, concept, **value):
    made = item(RelationshipType=relation, ValueType=kind)
    if concept:
        made.ConceptNameCodeSequence = [code(*concept)]
    for keyword, of_it in value.items():
        setattr(made, keyword, of_it)
    return made


def text(relation, concept, words):
    return content(relation, "TEXT", concept, TextValue=words)


def number(relation, concept, value, unit, meaning, children=()):
    made = content(
        relation, "NUM", concept,
        MeasuredValueSequence=[
            item(NumericValue=value, MeasurementUnitsCodeSequence=[code(unit, "UCUM", meaning)])
        ],
    )  # fmt: skip
    if children:
        made.ContentSequence = list(children)
    return made


def coded(relation, concept, value, children=()):
    made = content(relation, "CODE", concept, ConceptCodeSequence=[code(*value)])
    if children:
        made.ContentSequence = list(children)
    return made


def uidref(relation, concept, value):
    return content(relation, "UIDREF", concept, UID=value)


def image(relation, concept, of_image):
    return content(relation, "IMAGE", concept, ReferencedSOPSequence=[reference(of_image)])


def container(relation, concept, children, template=None):
    made = content(relation, "CONTAINER", concept, ContinuityOfContent="SEPARATE")
    made.ContentSequence = list(children)
    if relation is None:
        del made.RelationshipType
    if template:
        made.ContentTemplateSequence = [item(MappingResource="DCMR", TemplateIdentifier=template)]
    return made


LANGUAGE = [
    coded(
        "HAS CONCEPT MOD",
        ("121049", "DCM", "Language of Content Item and Descendants"),
        ("en", "RFC5646", "English"),
    )
]


FINDING = ("121071", "DCM", "Finding")


def observers(study):
    return [
        coded("HAS OBS CONTEXT", ("121005", "DCM", "Observer Type"), ("121006", "DCM", "Person")),
        content("HAS OBS CONTEXT", "PNAME", ("121008", "DCM", "Person Observer Name"), PersonName=REPORTER),
        text("HAS OBS CONTEXT", ("121009", "DCM", "Person Observer's Organization Name"), HOSPITAL),
        content("HAS OBS CONTEXT", "PNAME", ("121029", "DCM", "Subject Name"), PersonName=study.patient.name),
        text("HAS OBS CONTEXT", ("121030", "DCM", "Subject ID"), study.patient.ident),
        content("HAS OBS CONTEXT", "DATE", ("121031", "DCM", "Subject Birth Date"), Date=study.patient.birth),
        coded("HAS OBS CONTEXT", ("121032", "DCM", "Subject Sex"), ("F", "DCM", "Female")),
        number("HAS OBS CONTEXT", ("121033", "DCM", "Subject Age"), "82", "a", "year"),
    ]  # fmt: skip


def findings(slices):
    length = number(
        "CONTAINS", ("410668003", "SCT", "Length"), "12.5", "mm", "millimeter", [
            content(
                "INFERRED FROM", "SCOORD", None, GraphicType="POLYLINE", GraphicData=[1.0, 1.0, 8.0, 8.0],
                ContentSequence=[image("SELECTED FROM", None, slices[0])],
            )
        ],
    )  # fmt: skip
    return [
        text("CONTAINS", FINDING, "Mrs Kaarst has a nodule, seen by Dr Quillfeather"),
        coded("CONTAINS", FINDING, ("27925004", "SCT", "Nodule")),
        length,
        content("CONTAINS", "DATETIME", ("111060", "DCM", "Study Date"), DateTime=CHEST.date + CHEST.time),
        image("CONTAINS", ("121112", "DCM", "Source of Measurement"), slices[1]),
        uidref("CONTAINS", ("121018", "DCM", "Procedure Study Instance UID"), CHEST.uid),
    ]
