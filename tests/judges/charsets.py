#!/usr/bin/env python3
"""Objects in every character set, and what became of them.

    charsets.py write OUT               objects; prints a JSON list of their names
    charsets.py judge [NAME RESULT]...  are these results without the name, and their text as it was?

Each object has an invented name (or the Standard's) in the script of its set at the top level and in items,
the name in descriptions and in the meaning of a code, and the same descriptions without it. Wrongly declared
ones are named so. Judged by pydicom, with its warnings as errors, and by dcmdump.
Prints what is wrong: places, never a value. Exit: 0 passed, 1 failed.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

JAPANESE = ("Yamada^Tarou=山田^太郎=やまだ^たろう", "胸部単純撮影 立位")
HALF_WIDTH = ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", "胸部単純撮影 立位")
KOREAN = ("Hong^Gildong=洪^吉洞=홍^길동", "흉부 조영증강 검사")
CHINESE = ("Zhang^XiaoDong=张^小东=", "胸部平扫 增强扫描")
# name: declared values, encoding if the declaration is wrong, patient's name, description
CASES = {
    "default": ([], None, "Adebayo^Femi", "Thorax routine"),
    "latin1": (["ISO_IR 100"], None, "Schäfer^Jürgen", "Schädel nativ, früh"),
    "latin2": (["ISO_IR 101"], None, "Wiśniewski^Łukasz", "Głowa, bez środka"),
    "latin3": (["ISO_IR 109"], None, "Ħaġar^Ġorġ", "Ħanek ta' fuq"),
    "latin4": (["ISO_IR 110"], None, "Bērziņš^Jānis", "Galva, bez kontrastvielas ķ"),
    "cyrillic": (["ISO_IR 144"], None, "Люкceмбypг^Аркадий", "Грудная клетка, фаза"),
    "arabic": (["ISO_IR 127"], None, "قباني^لنزار", "صدر بدون تباين"),
    "greek": (["ISO_IR 126"], None, "Διονυσίου^Μαρία", "Θώρακας χωρίς"),
    "hebrew": (["ISO_IR 138"], None, "שרוןוב^דבורה", "חזה ללא חומר"),
    "latin5": (["ISO_IR 148"], None, "Çavuşoğlu^İbrahim", "Göğüs, kontrastsız"),
    "latin9": (["ISO_IR 203"], "iso8859_15", "Lebœuf^Žofie", "Cœur, sans \u20ac"),
    "thai": (["ISO_IR 166"], None, "นามสกุล^ชื่อจริง", "ทรวงอก"),
    "katakana": (["ISO_IR 13"], "shift_jis", "ﾔﾏｻﾞｷ^ｹﾝｲﾁ", "ﾌﾟﾛﾄｺﾙ"),
    "utf8": (["ISO_IR 192"], None, "Wang^XiaoDong=王^小東=", "胸部 Schädel Грудь"),
    "gb18030": (["GB18030"], None, "Wang^XiaoDong=王^小东=", CHINESE[1]),
    "gbk": (["GBK"], None, "Ouyang^Jianguo=欧阳^建国=", CHINESE[1]),
    "iso2022-jp": (["", "ISO 2022 IR 87"], None, *JAPANESE),
    "iso2022-jp-h32": (["ISO 2022 IR 13", "ISO 2022 IR 87"], None, *HALF_WIDTH),
    "iso2022-jp-212": (["", "ISO 2022 IR 87", "ISO 2022 IR 159"], None, "Okubo^Ken=大丂^健", "胸部 丂侄"),
    "iso2022-kr": (["", "ISO 2022 IR 149"], None, *KOREAN),
    "iso2022-cn": (["", "ISO 2022 IR 58"], None, *CHINESE),
    "iso2022-latin": (["ISO 2022 IR 100", "ISO 2022 IR 144"], None, "Müller^Иван", "Грудь, Schädel"),
    "iso2022-100": (["ISO 2022 IR 100"], None, "Lefèvre^Zoé", "Crâne, séquence"),
    "wrong-utf8-latin1": (["ISO_IR 100"], "utf-8", "Schäfer^Jürgen=王^小東", "Schädel 胸部"),
    "wrong-utf8-none": ([], "utf-8", "Lefèvre^Zoé", "Crâne, séquence"),
    "wrong-utf8-greek": (["ISO_IR 126"], "utf-8", "Διονυσίου^Μαρία", "Θώρακας χωρίς"),
    "wrong-latin1-none": ([], "latin-1", "Schäfer^Jürgen", "Schädel nativ, früh"),
    "wrong-sjis": (["ISO_IR 100"], "shift_jis", "柴崎^健一郎", "胸部単純撮影ルーチン"),
    "wrong-sjis-13": (["ISO_IR 13"], "shift_jis", "ｼﾊﾞｻｷ^ｹﾝ=柴崎^健一郎", "胸部単純撮影ルーチン"),
    "wrong-euckr": (["ISO_IR 100"], "euc_kr", "독고^영재", "복부 조영증강 검사"),
    "wrong-gbk": ([], "gbk", "欧阳^建国", "胸部平扫增强扫描"),
}  # fmt: skip


def tokens(name):
    """What must be gone: words of a name, and family and given name of scripts without spaces."""
    found = set()
    for group in name.split("="):
        parts = [part for part in group.split("^") if part]
        found |= {part for part in parts if len(part) >= 4 or (len(part) > 1 and ord(part[0]) > 0x2E00)}
        if parts and ord(parts[0][0]) > 0x2E00:
            found.add("".join(parts))
    return found


def build(number, declared, wrong, name, description):
    def written(text):
        return text.encode(wrong).decode("latin-1") if wrong else text

    planted = " ".join(name.split("=")[-1 if name[-1] != "=" else -2].split("^"))
    ds = Dataset()
    if declared:
        ds.SpecificCharacterSet = declared if len(declared) > 1 else declared[0]
    if wrong:
        ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    ds.SOPInstanceUID = f"1.2.276.0.7230010.3.77.{number}"
    ds.StudyInstanceUID = f"1.2.276.0.7230010.3.78.{number}"
    ds.SeriesInstanceUID = f"1.2.276.0.7230010.3.79.{number}"
    ds.Modality = "RTSTRUCT"
    ds.PatientID = f"KX-{number}77341"
    ds.PatientName = written(name)
    ds.StudyDescription = written(description)
    ds.SeriesDescription = written(f"{description} {planted}")
    ds.StructureSetLabel = "RTS"
    ds.PatientComments = written(f"{description}\r\n{planted}\r\n{description}")
    items = []
    for meaning in (f"{description} {planted}", description, planted):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = "T1", "99LOCAL"
        item.CodeMeaning = written(meaning)
        items.append(item)
    own = Dataset()
    own.SpecificCharacterSet = "ISO_IR 192"
    own.CodeValue, own.CodingSchemeDesignator = "T2", "99LOCAL"
    own.CodeMeaning = description
    referrer = Dataset()
    referrer.PersonName = written(name)
    items.append(own)
    ds.ProcedureCodeSequence = items
    ds.ReferencedPatientSequence = [referrer]
    return ds


def redeclared(path, declared):
    """Puts the wrong declaration into a file that was written as ISO_IR 100."""
    data = path.read_bytes()
    old = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"
    assert data.count(old) == 1
    value = "\\".join(declared).encode()
    value += b" " * (len(value) % 2)
    new = b"\x08\x00\x05\x00CS" + len(value).to_bytes(2, "little") + value if declared else b""
    path.write_bytes(data.replace(old, new))


def write(out):
    warnings.simplefilter("error")
    out.mkdir(parents=True, exist_ok=True)
    for number, (case, (declared, wrong, name, description)) in enumerate(CASES.items(), 1):
        ds = build(number, declared, wrong, name, description)
        implicit = not wrong and number % 2
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        path = out / f"{case}.dcm"
        dcmwrite(path, ds, enforce_file_format=True)
        if wrong:
            redeclared(path, declared)
    print(json.dumps(list(CASES)))


def texts(ds, path=""):
    for element in ds:
        where = f"{path}{element.keyword}"
        if element.VR == "SQ":
            for index, item in enumerate(element.value):
                yield from texts(item, f"{where}[{index}].")
        else:
            values = element.value if element.VM > 1 else [element.value]
            yield from ((where, str(value)) for value in values)


def judge(case, path):
    declared, wrong, name, description = CASES[case]
    warnings.simplefilter("error")
    faults = []
    gone = tokens(name)
    try:
        found = list(texts(dcmread(path)))
    except UserWarning as warning:
        faults.append(f"pydicom warns: {type(warning).__name__}")
        found = []
    for where, text in found:
        faults += [f"a name at {where}" for token in gone if token.lower() in text.lower()]
        if "\ufffd" in text:
            faults.append(f"no text at {where}")
    data = path.read_bytes()
    for encoding in {"utf-8", "utf-16-le", "euc_jp", "shift_jis", "iso2022_jp", "euc_kr", "gb18030", wrong or "latin-1"}:
        for token in gone:
            try:
                form = token.encode(encoding)
            except UnicodeEncodeError:
                continue
            if form in data:
                faults.append(f"a name in the bytes as {encoding}")
    kept = dict(found)
    meanings = [text for where, text in found if where.endswith("CodeMeaning")]
    if kept.get("StudyDescription") != description:
        faults.append("StudyDescription is not what it was")
    if meanings.count(description) < 2:
        faults.append("CodeMeaning is not what it was, in an item")
    if any("SpecificCharacterSet" in where and "[" in where for where, _ in found):
        faults.append("an item declares a set of its own")
    for command in (["dcmdump", "+U8", path], ["dcmconv", "+U8", path, path.with_suffix(".u8")]):
        ran = subprocess.run(command, capture_output=True)
        if ran.returncode or b"E:" in ran.stderr or b"W:" in ran.stderr:
            faults.append(f"{command[0]} complains")
        elif command[0] == "dcmdump" and description.encode() not in ran.stdout:
            faults.append("dcmdump reads another StudyDescription")
    return [f"{case}: {fault}" for fault in faults]


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        pairs = zip(sys.argv[2::2], sys.argv[3::2], strict=True)
        faults = [fault for case, path in pairs for fault in judge(case, Path(path))]
        print("\n".join(faults))
        sys.exit(1 if faults else 0)
