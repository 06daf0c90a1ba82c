"""The structured reports of the probe."""

from . import header
from .header import Object, code, item
from .objects import JAPANESE, LATIN1, ROOT


def content(relation, kind, concept, children=(), **value):
    made = item(RelationshipType=relation, ValueType=kind, ConceptNameCodeSequence=[code(*concept)], **value)
    if children:
        made.ContentSequence = list(children)
    return made


def number(concept, value, unit, children=()):
    measured = item(NumericValue=value, MeasurementUnitsCodeSequence=[code(unit, "UCUM", unit)])
    return content("CONTAINS", "NUM", concept, children, MeasuredValueSequence=[measured])


def comprehensive(m, number_of, charset=LATIN1, label="SR"):
    obj = Object(m, label, ROOT + "88.33", "SR", charset[0], number_of, charset[1])
    header.identity(obj)
    header.private(obj)
    ds = obj.ds
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
    ds.CompletionFlagDescription = obj.person("CompletionFlagDescription (LO)", "other order", "signed, {0}")
    ds.VerifyingObserverSequence = [
        item(VerifyingObserverName=m.name(f"{label}: VerifyingObserverName"),
             VerifyingOrganization=obj.thing("VerifyingOrganization"), VerificationDateTime=m.date(f"{label}: VerificationDateTime") + "180000",
             VerifyingObserverIdentificationCodeSequence=[code("P-3", "99ORLA", obj.thing("VerifyingObserverIdentificationCode"))])
    ]  # fmt: skip
    ds.AuthorObserverSequence = [
        item(
            ObserverType="PSN",
            PersonName=m.name(f"{label}: AuthorObserver > PersonName"),
            InstitutionName=obj.thing("AuthorObserver > InstitutionName"),
        )
    ]
    ds.ParticipantSequence = [
        item(
            ParticipationType="SOURCE",
            ObserverType="PSN",
            PersonName=m.name(f"{label}: Participant > PersonName"),
        )
    ]
    ds.PerformedProcedureCodeSequence = [
        code(
            "1",
            "99ORLA",
            obj.person("PerformedProcedureCodeSequence > CodeMeaning", "upper case", "CT for {0}"),
        )
    ]
    ds.ReferencedRequestSequence = [item(StudyInstanceUID=ds.StudyInstanceUID, AccessionNumber=obj.thing("ReferencedRequest > AccessionNumber"),
                                         RequestedProcedureDescription=obj.person("ReferencedRequest > RequestedProcedureDescription", "joined", "CT chest {0}"))]  # fmt: skip
    dcm = lambda value, meaning: (value, "DCM", meaning)  # noqa: E731
    anywhere = "joined" if charset[0] == "jp" else "other order"
    subject = obj.thing("TEXT, Subject ID, and repeated in a conclusion")
    items = [
        content("HAS CONCEPT MOD", "CODE", dcm("121049", "Language of Content Item and Descendants"), ConceptCodeSequence=[code("en", "RFC5646", "English")]),
        content("HAS OBS CONTEXT", "PNAME", dcm("121008", "Person Observer Name"), PersonName=m.name(f"{label}: PNAME, listed")),
        content("HAS OBS CONTEXT", "PNAME", ("X1", "99ORLA", "Resident"), PersonName=m.name(f"{label}: PNAME, unlisted")),
        content("HAS OBS CONTEXT", "TEXT", dcm("121009", "Person Observer's Organization Name"), TextValue=obj.thing("TEXT, an organization")),
        content("HAS OBS CONTEXT", "TEXT", dcm("121030", "Subject ID"), TextValue=subject),
        content("HAS OBS CONTEXT", "TEXT", dcm("121022", "Accession Number"), TextValue=obj.thing("TEXT, Accession Number")),
        content("HAS OBS CONTEXT", "DATE", dcm("121031", "Subject Birth Date"), Date=m.date(f"{label}: DATE, Subject Birth Date")),
        content("HAS OBS CONTEXT", "UIDREF", dcm("121012", "Device Observer UID"), UID=m.uid(f"{label}: UIDREF, Device Observer UID")),
        content("HAS OBS CONTEXT", "TEXT", dcm("121015", "Device Observer Model Name"), TextValue="Sonde 3"),
        content("CONTAINS", "DATETIME", dcm("111526", "DateTime Started"), DateTime=m.date(f"{label}: DATETIME") + "101112"),
        content("CONTAINS", "TEXT", dcm("121071", "Finding"), TextValue=obj.person("TEXT, a finding", anywhere, "Nodule in the left upper lobe of {0}, 12 mm")),
        content("CONTAINS", "TEXT", dcm("121077", "Conclusion"), TextValue=obj.person("TEXT, a conclusion", "upper case", "No change. Discussed with {0}. See " + subject)),
        content("CONTAINS", "TEXT", ("X2", "99ORLA", obj.person("the meaning of a concept", "lower case", "note on {0}")), TextValue=obj.person("TEXT of a private concept", "family alone", "follow-up CT in six months, {0}")),
        content("CONTAINS", "CODE", dcm("121071", "Finding"), ConceptCodeSequence=[code("27925004", "SCT", "Nodule")]),
        content("CONTAINS", "CODE", dcm("121071", "Finding"), ConceptCodeSequence=[code("1", "99ORLA", obj.person("the meaning of a value", "without accents", "{0}"))]),
        content("CONTAINS", "UIDREF", dcm("112040", "Tracking Unique Identifier"), UID=m.uid(f"{label}: UIDREF, Tracking Unique Identifier")),
        number(("410668003", "SCT", "Length"), "12.5", "mm"),
        number(dcm("113725", "Dose (RP) Total"), "0.0371", "Gy"),
        content("CONTAINS", "IMAGE", dcm("121112", "Source of Measurement"), ReferencedSOPSequence=[item(ReferencedSOPClassUID=ROOT + "2", ReferencedSOPInstanceUID=m.uid(f"{label}: IMAGE"))]),
    ]  # fmt: skip
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging report")]
    ds.ContentTemplateSequence = [item(MappingResource="DCMR", TemplateIdentifier="2000")]
    ds.ContentSequence = items
    obj.keeps("Sonde 3", "Nodule", "12.5", "0.0371", "Length", basic=True)
    obj.keeps("Nodule in the left upper lobe", "12 mm", "No change", "follow-up CT in six months")
    return obj


def japanese(m, number_of):
    return comprehensive(m, number_of, JAPANESE, "SR in ISO 2022 JP")
