//! The dummies: the smallest documents of their formats that a reader opens.

use super::DocumentKind;
use std::fmt::Write;

/// What a person who opens the document reads.
const NOTICE: &str = "This document was removed when the object was de-identified.";

/// The dummy; its length is even, so that no reader meets padding in it.
pub(super) fn of(kind: DocumentKind, sop_instance_uid: &str) -> Vec<u8> {
    let mut bytes = match kind {
        DocumentKind::Pdf => pdf().into_bytes(),
        DocumentKind::Cda => cda(sop_instance_uid).into_bytes(),
        DocumentKind::Stl => stl(),
        DocumentKind::Obj | DocumentKind::Mtl => format!("# {NOTICE}\n").into_bytes(),
    };
    if bytes.len() % 2 == 1 {
        // all but an STL, which is even, are text and may end in another line
        bytes.push(b'\n');
    }
    bytes
}

/// One A4 page with the notice (ISO 32000-1, 7.5).
fn pdf() -> String {
    let text = format!("BT /F1 12 Tf 72 760 Td ({NOTICE}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    // an entry of the cross-reference table has exactly 20 bytes
    let mut entries = String::from("0000000000 65535 f \n");
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(entries, "{:010} 00000 n ", pdf.len());
        let _ = write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let (table, size) = (pdf.len(), objects.len() + 1);
    let _ = write!(
        pdf,
        "xref\n0 {size}\n{entries}trailer\n<< /Size {size} /Root 1 0 R >>\n\
         startxref\n{table}\n%%EOF\n"
    );
    pdf
}

/// What CDA Release 2 demands of a document, masked, with the object's own UID as its `id`.
fn cda(sop_instance_uid: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <id root="{sop_instance_uid}"/>
  <code nullFlavor="MSK"/>
  <effectiveTime nullFlavor="MSK"/>
  <confidentialityCode nullFlavor="MSK"/>
  <recordTarget><patientRole><id nullFlavor="MSK"/></patientRole></recordTarget>
  <author>
    <time nullFlavor="MSK"/>
    <assignedAuthor><id nullFlavor="MSK"/></assignedAuthor>
  </author>
  <custodian>
    <assignedCustodian>
      <representedCustodianOrganization><id nullFlavor="MSK"/></representedCustodianOrganization>
    </assignedCustodian>
  </custodian>
  <component><nonXMLBody><text mediaType="text/plain">{NOTICE}</text></nonXMLBody></component>
</ClinicalDocument>
"#
    )
}

/// A binary STL: a header of 80 bytes, which may not begin with `solid`, and no triangle.
fn stl() -> Vec<u8> {
    let mut bytes = NOTICE.as_bytes().to_vec();
    bytes.resize(80, b' ');
    bytes.extend(0_u32.to_le_bytes());
    bytes
}
