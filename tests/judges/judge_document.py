#!/usr/bin/env python3
"""Judges the dummy that took the place of an encapsulated document, with pydicom and its own parsers.

    judge_document.py RESULT

The MIME type is that of the SOP class and the length is stated; the document is a valid one of its
format without content: a PDF whose cross-reference table leads to one page, a CDA with everything that
is mandatory and the id that the header states, an STL without triangles, an OBJ or MTL of comments.
Nothing is said to be burned in.

Prints JSON. Exit: 0 passed, 1 failed, 2 could not judge.
"""

import argparse
import json
import re
import struct
import sys
import warnings
import xml.etree.ElementTree as ElementTree

import pydicom

HL7 = "{urn:hl7-org:v3}"
MANDATORY = [
    "typeId", "id", "code", "effectiveTime", "confidentialityCode", "recordTarget", "author",
    "custodian", "component",
]  # fmt: skip


def pdf(data, _):
    """The objects, found through the cross-reference table alone."""
    assert data.startswith(b"%PDF-1."), "no PDF header"
    assert data.rstrip().endswith(b"%%EOF"), "no end of file"
    at = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", data).group(1))
    head = re.match(rb"xref\n0 (\d+)\n", data[at:])
    count, start = int(head.group(1)), at + head.end()
    objects = {}
    for number in range(1, count):
        entry = data[start + 20 * number : start + 20 * number + 20]
        assert re.fullmatch(rb"\d{10} \d{5} n[ \r]\n", entry), f"entry {number}"
        found = re.match(rb"(\d+) 0 obj\b(.*?)\bendobj\b", data[int(entry[:10]) :], re.S)
        assert int(found.group(1)) == number, f"object {number} is elsewhere"
        objects[number] = found.group(2)
    trailer = data[start + 20 * count :]
    assert trailer.startswith(b"trailer"), "no trailer"
    assert int(re.search(rb"/Size (\d+)", trailer).group(1)) == count, "size"
    catalog = objects[int(re.search(rb"/Root (\d+) 0 R", trailer).group(1))]
    pages = objects[int(re.search(rb"/Pages (\d+) 0 R", catalog).group(1))]
    assert re.search(rb"/Count 1\b", pages), "not one page"
    page = objects[int(re.search(rb"/Kids \[(\d+) 0 R\]", pages).group(1))]
    assert b"/Type /Page" in page and b"/MediaBox" in page, "no page"
    content = objects[int(re.search(rb"/Contents (\d+) 0 R", page).group(1))]
    length = int(re.search(rb"/Length (\d+)", content).group(1))
    stream = re.search(rb"stream\n(.*)\nendstream", content, re.S).group(1)
    assert len(stream) == length, "the length of the stream"


def cda(data, ds):
    root = ElementTree.fromstring(data.decode("utf-8"))
    assert root.tag == HL7 + "ClinicalDocument", "root"
    assert [child.tag.removeprefix(HL7) for child in root] == MANDATORY, "children"
    uid = root.find(HL7 + "id").get("root")
    assert uid == ds.SOPInstanceUID == ds.HL7InstanceIdentifier, "id"
    assert root.find(HL7 + "typeId").get("extension") == "POCD_HD000040", "typeId"


def stl(data, _):
    assert len(data) == 84 and not data.startswith(b"solid"), "no binary STL"
    assert struct.unpack("<I", data[80:]) == (0,), "triangles"


def comments(data, _):
    assert all(not line or line.startswith("#") for line in data.decode("ascii").splitlines()), "content"


KINDS = {
    "1.2.840.10008.5.1.4.1.1.104.1": ("application/pdf", pdf),
    "1.2.840.10008.5.1.4.1.1.104.2": ("text/XML", cda),
    "1.2.840.10008.5.1.4.1.1.104.3": ("model/stl", stl),
    "1.2.840.10008.5.1.4.1.1.104.4": ("model/obj", comments),
    "1.2.840.10008.5.1.4.1.1.104.5": ("model/mtl", comments),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("result")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        ds = pydicom.dcmread(args.result)
        mime_type, judge = KINDS[ds.SOPClassUID]
        data = ds.EncapsulatedDocument
        assert ds.MIMETypeOfEncapsulatedDocument == mime_type, "MIME type"
        assert ds.EncapsulatedDocumentLength == len(data), "EncapsulatedDocumentLength"
        assert ds.BurnedInAnnotation == "NO", "BurnedInAnnotation"
        assert "ListOfMIMETypes" not in ds, "ListOfMIMETypes"
        assert not ds.DocumentTitle, "DocumentTitle"
        judge(data, ds)
    except AssertionError as failure:
        print(json.dumps({"ok": False, "failure": str(failure)}))
        return 1
    except Exception as error:  # whatever cannot be judged has not passed
        print(json.dumps({"ok": False, "could_not_judge": type(error).__name__, "why": str(error)[:300]}))
        return 2
    print(json.dumps({"ok": True}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
