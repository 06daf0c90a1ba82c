//! The codes of PS3.16 CID 400 to 405 that are used, and those of RFC 3881.

use quick_xml::Writer;
use std::io;

/// A code with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(&'static str, &'static str, &'static str);

const fn dcm(code: &'static str, meaning: &'static str) -> Code {
    Code(code, "DCM", meaning)
}

const fn rfc(code: &'static str, meaning: &'static str) -> Code {
    Code(code, "RFC-3881", meaning)
}

impl Code {
    pub(super) fn write(self, element: &str, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let Self(code, system, meaning) = self;
        let attributes =
            [("csd-code", code), ("codeSystemName", system), ("originalText", meaning)];
        writer.create_element(element).with_attributes(attributes).write_empty().map(|_| ())
    }
}

// Events (CID 400).
pub(super) const APPLICATION_ACTIVITY: Code = dcm("110100", "Application Activity");
pub(super) const AUDIT_LOG_USED: Code = dcm("110101", "Audit Log Used");
pub(super) const TRANSFERRED: Code = dcm("110104", "DICOM Instances Transferred");
pub(super) const STUDY_DELETED: Code = dcm("110105", "DICOM Study Deleted");
pub(super) const EXPORT: Code = dcm("110106", "Export");
pub(super) const SECURITY_ALERT: Code = dcm("110113", "Security Alert");
// Their kinds (CID 401).
pub(super) const START: Code = dcm("110120", "Application Start");
pub(super) const STOP: Code = dcm("110121", "Application Stop");
pub(super) const NODE_AUTHENTICATION: Code = dcm("110126", "Node Authentication");
pub(super) const NETWORK_CONFIGURATION: Code = dcm("110128", "Network Configuration");
pub(super) const SECURITY_CONFIGURATION: Code = dcm("110129", "Security Configuration");
pub(super) const RESTRICTED_FUNCTION: Code = dcm("110132", "Use of Restricted Function");
// Roles (CID 402), and media (CID 405).
pub(super) const APPLICATION: Code = dcm("110150", "Application");
pub(super) const DESTINATION: Code = dcm("110152", "Destination Role ID");
pub(super) const SOURCE: Code = dcm("110153", "Source Role ID");
pub(super) const DESTINATION_MEDIA: Code = dcm("110154", "Destination Media");
pub(super) const MEDIA_URI: Code = dcm("110037", "URI");
// What an identifier is (CID 404, RFC 3881 section 5.5.4).
pub(super) const STUDY_INSTANCE_UID: Code = dcm("110180", "Study Instance UID");
pub(super) const PATIENT_NUMBER: Code = rfc("2", "Patient Number");
pub(super) const URI: Code = rfc("12", "URI");
