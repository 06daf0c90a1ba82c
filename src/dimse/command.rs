//! Command sets (PS3.7 section 6.3): always Implicit VR Little Endian, group 0000 only.
//!
//! Parsed by fixed code over at most `MAX_COMMAND_BYTES`: dicom-object would allocate whatever
//! length a peer declares.

/// A command set longer than this is a protocol error; real ones are under 1 KB.
pub const MAX_COMMAND_BYTES: usize = 64 * 1024;

const C_STORE_RQ: u16 = 0x0001;
const C_STORE_RSP: u16 = 0x8001;
const C_ECHO_RQ: u16 = 0x0030;
const C_ECHO_RSP: u16 = 0x8030;
const N_EVENT_REPORT_RQ: u16 = 0x0100;
const N_EVENT_REPORT_RSP: u16 = 0x8100;
const N_ACTION_RQ: u16 = 0x0130;
const N_ACTION_RSP: u16 = 0x8130;
const NO_DATA_SET: u16 = 0x0101;
const WITH_DATA_SET: u16 = 0x0000;

/// Why a command set was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("the command set ends inside an element")]
    Truncated,
    #[error("the command set holds an element outside group 0000")]
    WrongGroup,
    #[error("the command set lacks element (0000,{0:04X})")]
    Missing(u16),
}

/// A C-STORE-RQ (PS3.7 table 9.3-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CStoreRq {
    pub message_id: u16,
    pub sop_class_uid: String,
    pub sop_instance_uid: String,
    /// A sender with nothing to store says so here, although there has to be something.
    pub has_data_set: bool,
}

/// An N-EVENT-REPORT-RQ (PS3.7 table 10.3-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventReport {
    pub message_id: u16,
    pub sop_class_uid: String,
    pub sop_instance_uid: String,
    pub event_type: u16,
    pub has_data_set: bool,
}

/// An N-ACTION-RQ (PS3.7 table 10.3-7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NAction {
    pub message_id: u16,
    pub sop_class_uid: String,
    pub sop_instance_uid: String,
    pub action_type: u16,
    pub has_data_set: bool,
}

/// A command that this node handles, or the field of one that it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    CEchoRq { message_id: u16, sop_class_uid: String },
    CStoreRq(CStoreRq),
    CEchoRsp { status: u16 },
    CStoreRsp { message_id: u16, status: u16 },
    NActionRq(NAction),
    NActionRsp { message_id: u16, status: u16 },
    NEventReportRq(EventReport),
    NEventReportRsp { message_id: u16, status: u16 },
    Other { field: u16, message_id: u16, has_data_set: bool },
}

impl Command {
    /// Parses a whole command set.
    pub fn parse(bytes: &[u8]) -> Result<Self, CommandError> {
        let set = CommandSet::parse(bytes)?;
        let field = set.number(0x0100)?;
        Ok(match field {
            C_ECHO_RQ => {
                Self::CEchoRq { message_id: set.number(0x0110)?, sop_class_uid: set.text(0x0002)? }
            }
            C_STORE_RQ => Self::CStoreRq(CStoreRq {
                message_id: set.number(0x0110)?,
                sop_class_uid: set.text(0x0002)?,
                sop_instance_uid: set.text(0x1000)?,
                has_data_set: set.number(0x0800)? != NO_DATA_SET,
            }),
            C_ECHO_RSP => Self::CEchoRsp { status: set.number(0x0900)? },
            C_STORE_RSP => {
                Self::CStoreRsp { message_id: set.number(0x0120)?, status: set.number(0x0900)? }
            }
            N_ACTION_RQ => Self::NActionRq(NAction {
                message_id: set.number(0x0110)?,
                sop_class_uid: set.text(0x0003)?,
                sop_instance_uid: set.text(0x1001)?,
                action_type: set.number(0x1008)?,
                has_data_set: set.has_data_set(),
            }),
            N_EVENT_REPORT_RQ => Self::NEventReportRq(EventReport {
                message_id: set.number(0x0110)?,
                sop_class_uid: set.text(0x0002)?,
                sop_instance_uid: set.text(0x1000)?,
                event_type: set.number(0x1002)?,
                has_data_set: set.has_data_set(),
            }),
            N_ACTION_RSP => {
                Self::NActionRsp { message_id: set.number(0x0120)?, status: set.number(0x0900)? }
            }
            N_EVENT_REPORT_RSP => Self::NEventReportRsp {
                message_id: set.number(0x0120)?,
                status: set.number(0x0900)?,
            },
            _ => Self::Other {
                field,
                message_id: set.number(0x0110).unwrap_or(0),
                has_data_set: set.has_data_set(),
            },
        })
    }
}

/// The elements of a command set, borrowed.
struct CommandSet<'a>(Vec<(u16, &'a [u8])>);

impl<'a> CommandSet<'a> {
    fn parse(mut bytes: &'a [u8]) -> Result<Self, CommandError> {
        let mut elements = Vec::new();
        while let Some((head, rest)) = bytes.split_at_checked(8) {
            if head[..2] != [0, 0] {
                return Err(CommandError::WrongGroup);
            }
            let element = u16::from_le_bytes([head[2], head[3]]);
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let (value, rest) = rest.split_at_checked(length).ok_or(CommandError::Truncated)?;
            elements.push((element, value));
            bytes = rest;
        }
        if bytes.is_empty() { Ok(Self(elements)) } else { Err(CommandError::Truncated) }
    }

    fn value(&self, element: u16) -> Result<&'a [u8], CommandError> {
        let found = self.0.iter().find(|(e, _)| *e == element);
        found.map(|(_, value)| *value).ok_or(CommandError::Missing(element))
    }

    fn number(&self, element: u16) -> Result<u16, CommandError> {
        let value = self.value(element)?;
        let bytes = value.first_chunk::<2>().ok_or(CommandError::Missing(element))?;
        Ok(u16::from_le_bytes(*bytes))
    }

    fn has_data_set(&self) -> bool {
        self.number(0x0800).is_ok_and(|kind| kind != NO_DATA_SET)
    }

    fn text(&self, element: u16) -> Result<String, CommandError> {
        let value = String::from_utf8_lossy(self.value(element)?).into_owned();
        Ok(value.trim_matches(['\0', ' ']).to_owned())
    }
}

/// Builds a command set; the group length is added at the end.
struct Builder(Vec<u8>);

impl Builder {
    fn element(mut self, element: u16, value: &[u8]) -> Self {
        self.0.extend([0, 0]);
        self.0.extend(element.to_le_bytes());
        self.0.extend((value.len() as u32).to_le_bytes());
        self.0.extend(value);
        self
    }

    fn number(self, element: u16, value: u16) -> Self {
        self.element(element, &value.to_le_bytes())
    }

    fn uid(self, element: u16, uid: &str) -> Self {
        let mut value = uid.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(0);
        }
        self.element(element, &value)
    }

    fn finish(self) -> Vec<u8> {
        let length = (self.0.len() as u32).to_le_bytes();
        let mut bytes = Builder(Vec::new()).element(0x0000, &length).0;
        bytes.extend(self.0);
        bytes
    }
}

/// A C-STORE-RQ with a data set, priority medium.
pub fn c_store_rq(rq: &CStoreRq) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, &rq.sop_class_uid)
        .number(0x0100, C_STORE_RQ)
        .number(0x0110, rq.message_id)
        .number(0x0700, 0)
        .number(0x0800, WITH_DATA_SET)
        .uid(0x1000, &rq.sop_instance_uid)
        .finish()
}

/// The response to `rq` (PS3.7 table 9.3-2).
pub fn c_store_rsp(rq: &CStoreRq, status: u16) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, &rq.sop_class_uid)
        .number(0x0100, C_STORE_RSP)
        .number(0x0120, rq.message_id)
        .number(0x0800, NO_DATA_SET)
        .number(0x0900, status)
        .uid(0x1000, &rq.sop_instance_uid)
        .finish()
}

/// A C-ECHO-RQ (PS3.7 table 9.3-12).
pub fn c_echo_rq(message_id: u16, sop_class_uid: &str) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, sop_class_uid)
        .number(0x0100, C_ECHO_RQ)
        .number(0x0110, message_id)
        .number(0x0800, NO_DATA_SET)
        .finish()
}

/// The response to a C-ECHO-RQ.
pub fn c_echo_rsp(message_id: u16, sop_class_uid: &str, status: u16) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, sop_class_uid)
        .number(0x0100, C_ECHO_RSP)
        .number(0x0120, message_id)
        .number(0x0800, NO_DATA_SET)
        .number(0x0900, status)
        .finish()
}

/// An N-ACTION-RQ with a data set.
pub fn n_action_rq(message_id: u16, class: &str, instance: &str, action_type: u16) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0003, class)
        .number(0x0100, N_ACTION_RQ)
        .number(0x0110, message_id)
        .number(0x0800, WITH_DATA_SET)
        .uid(0x1001, instance)
        .number(0x1008, action_type)
        .finish()
}

/// The response to an N-ACTION-RQ (PS3.7 table 10.3-8), without a data set.
pub fn n_action_rsp(rq: &NAction, status: u16) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, &rq.sop_class_uid)
        .number(0x0100, N_ACTION_RSP)
        .number(0x0120, rq.message_id)
        .number(0x0800, NO_DATA_SET)
        .number(0x0900, status)
        .uid(0x1000, &rq.sop_instance_uid)
        .number(0x1008, rq.action_type)
        .finish()
}

/// An N-EVENT-REPORT-RQ with a data set.
pub fn n_event_report_rq(message_id: u16, class: &str, instance: &str, event: u16) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, class)
        .number(0x0100, N_EVENT_REPORT_RQ)
        .number(0x0110, message_id)
        .number(0x0800, WITH_DATA_SET)
        .uid(0x1000, instance)
        .number(0x1002, event)
        .finish()
}

/// The response to an N-EVENT-REPORT-RQ (PS3.7 table 10.3-2), without a data set.
pub fn n_event_report_rsp(rq: &EventReport, status: u16) -> Vec<u8> {
    Builder(Vec::new())
        .uid(0x0002, &rq.sop_class_uid)
        .number(0x0100, N_EVENT_REPORT_RSP)
        .number(0x0120, rq.message_id)
        .number(0x0800, NO_DATA_SET)
        .number(0x0900, status)
        .uid(0x1000, &rq.sop_instance_uid)
        .number(0x1002, rq.event_type)
        .finish()
}

/// The failure response to a request that this node does not offer.
pub fn unsupported_rsp(field: u16, message_id: u16, status: u16) -> Vec<u8> {
    Builder(Vec::new())
        .number(0x0100, field | 0x8000)
        .number(0x0120, message_id)
        .number(0x0800, NO_DATA_SET)
        .number(0x0900, status)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_built_reads_back() {
        let rq = CStoreRq {
            message_id: 7,
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance_uid: "1.2.3".into(),
            has_data_set: true,
        };
        assert_eq!(Command::parse(&c_store_rq(&rq)), Ok(Command::CStoreRq(rq.clone())));
        let rsp = Command::CStoreRsp { message_id: 7, status: 0xA700 };
        assert_eq!(Command::parse(&c_store_rsp(&rq, 0xA700)), Ok(rsp));
        let echo = Command::CEchoRsp { status: 0 };
        assert_eq!(Command::parse(&c_echo_rsp(1, "1.2.840.10008.1.1", 0)), Ok(echo));
    }

    #[test]
    fn the_messages_of_storage_commitment_read_back() {
        let action = NAction {
            message_id: 3,
            sop_class_uid: "1.2".into(),
            sop_instance_uid: "1.2.1".into(),
            action_type: 1,
            has_data_set: true,
        };
        let parsed = Command::parse(&n_action_rq(3, "1.2", "1.2.1", 1));
        assert_eq!(parsed, Ok(Command::NActionRq(action.clone())));
        let parsed = Command::parse(&n_action_rsp(&action, 0x0110));
        assert_eq!(parsed, Ok(Command::NActionRsp { message_id: 3, status: 0x0110 }));
        let parsed = Command::parse(&n_event_report_rq(4, "1.2", "1.2.1", 2));
        let Ok(Command::NEventReportRq(report)) = parsed else { panic!("{parsed:?}") };
        assert_eq!((report.event_type, report.has_data_set), (2, true));
        let parsed = Command::parse(&n_event_report_rsp(&report, 0));
        assert_eq!(parsed, Ok(Command::NEventReportRsp { message_id: 4, status: 0 }));
    }

    #[test]
    fn a_declared_length_of_four_gigabytes_allocates_nothing() {
        let bytes = [0, 0, 0x02, 0, 0xFE, 0xFF, 0xFF, 0xFF, b'1'];
        assert_eq!(Command::parse(&bytes), Err(CommandError::Truncated));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_command_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Command::parse(&bytes);
        }
    }
}
