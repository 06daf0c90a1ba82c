"""Waveforms and documents: an electrocardiogram, and a PDF that no step can clean."""

import struct

from .modules import code, item, moment, new
from .people import CHEST, HEART

ROOT = "1.2.840.10008.5.1.4.1.1."
LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
LEAD_CODES = ["1", "2", "61", "62", "63", "64", "3", "4", "5", "6", "7", "8"]


def channel(lead, lead_code):
    return item(
        ChannelLabel=lead, WaveformBitsStored=16,
        ChannelSourceSequence=[code(f"2:{lead_code}", "MDC", f"Lead {lead}")],
        ChannelSensitivity="1.25", ChannelSensitivityCorrectionFactor="1", ChannelBaseline="0",
        ChannelSensitivityUnitsSequence=[code("uV", "UCUM", "microvolt")],
        ChannelTimeSkew="0",
    )  # fmt: skip


def scp_ecg(value, meaning):
    made = code(value, "SCPECG", meaning)
    made.CodingSchemeVersion = "1.3"
    return made


def ecg():
    ds = new(HEART, "ecg", ROOT + "9.1.1", "ECG", series=3)
    moment(ds, HEART)
    del ds.AcquisitionDate, ds.AcquisitionTime, ds.AcquisitionNumber
    ds.AcquisitionDateTime = HEART.date + HEART.time
    ds.AcquisitionContextSequence = [
        item(
            ValueType="CODE",
            ConceptNameCodeSequence=[scp_ecg("5.4.5-33-1", "Electrode Placement")],
            ConceptCodeSequence=[scp_ecg("5.4.5-33-1-1", "Standard 12-lead")],
        )
    ]
    samples = 20
    data = b"".join(struct.pack("<h", (n * 37) % 800 - 400) for n in range(samples * len(LEADS)))
    group = item(
        WaveformOriginality="ORIGINAL", NumberOfWaveformChannels=12, NumberOfWaveformSamples=samples,
        SamplingFrequency="500", MultiplexGroupLabel="RHYTHM",
        ChannelDefinitionSequence=[channel(*lead) for lead in zip(LEADS, LEAD_CODES)],
        WaveformBitsAllocated=16, WaveformSampleInterpretation="SS", WaveformData=data,
    )  # fmt: skip
    ds.WaveformSequence = [group]
    ds.WaveformAnnotationSequence = [
        item(UnformattedTextValue="Kaarst: sinus rhythm", ReferencedWaveformChannels=[1, 0]),
        item(
            ConceptNameCodeSequence=[code("2:16016", "MDC", "Heart rate")],
            NumericValue="71", MeasurementUnitsCodeSequence=[code("{H.B.}/min", "UCUM", "heart beat per minute")],
            ReferencedWaveformChannels=[1, 0],
        ),
    ]  # fmt: skip
    return ds


def pdf():
    ds = new(CHEST, "pdf", ROOT + "104.1", "DOC", series=50)
    ds.ConversionType, ds.BurnedInAnnotation = "WSD", "YES"
    moment(ds, CHEST, acquisition=False)
    ds.AcquisitionDateTime = CHEST.date + CHEST.time
    ds.DocumentTitle = "Letter about Kaarst, Wilhelmine"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = b"%PDF-1.4\n% Kaarst, Wilhelmine, born 1941-06-23\n%%EOF\n"
    if len(ds.EncapsulatedDocument) % 2:
        ds.EncapsulatedDocument += b"\n"
    return ds
