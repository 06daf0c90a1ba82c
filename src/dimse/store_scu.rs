//! C-ECHO and C-STORE as service class user, over one established Association.
//!
//! The data set is read and written one PDU at a time. A failure inside an object aborts the
//! Association, so that the peer never sees a last fragment of half an object.

use super::command::{self, CStoreRq, Command};
use super::commitment_scu::Report;
use super::established::Established;
use crate::config::DestinationTls;
use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu, PresentationContextResultReason};
use std::collections::VecDeque;
use std::io::Read;
use std::time::Duration;

/// Most Presentation Contexts of one Association: ids are odd and fit a byte (PS3.8 section 9.3.2.2).
pub const MAX_CONTEXTS: usize = 128;
/// Bytes of a PDU that we send, whatever more the peer would take.
const MAX_SENT_PDU_BYTES: u32 = 256 * 1024;
/// What a PDV adds to its fragment: item length, context id, control header.
const PDV_OVERHEAD_BYTES: u32 = 6;

/// Why an Association or an operation on it failed. No variant quotes what the peer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScuError {
    #[error("cannot connect")]
    Connect,
    #[error("no TLS with it: our files, its certificate or its name in `tls` do not fit")]
    Tls,
    #[error("the peer rejected the association")]
    Rejected,
    #[error("the peer accepted no presentation context")]
    NoContext,
    #[error("the connection broke")]
    Connection,
    #[error("the peer aborted the association")]
    Aborted,
    #[error("the peer released the association")]
    Released,
    #[error("the peer did not answer in time")]
    Timeout,
    #[error("the peer answered out of protocol")]
    Protocol,
    #[error("the object could not be read")]
    Source,
}

/// Who calls whom.
#[derive(Debug, Clone)]
pub struct Peer {
    /// `host:port`.
    pub address: String,
    pub called_ae_title: String,
    pub calling_ae_title: String,
    /// For connecting, and for each PDU.
    pub timeout: Duration,
    pub tls: Option<DestinationTls>,
}

/// One established Association.
pub struct StoreAssociation {
    association: Established,
    pub(super) timeout: Duration,
    next_message_id: u16,
    /// Of a PDU that held more than was asked for.
    received: VecDeque<PDataValue>,
    /// A result that came before the response to its request.
    pub(super) early: Option<Report>,
}

impl StoreAssociation {
    /// Proposes one Presentation Context for each (abstract syntax, transfer syntax) pair; those
    /// beyond `MAX_CONTEXTS` are left for another Association.
    pub async fn establish(peer: &Peer, pairs: &[(String, String)]) -> Result<Self, ScuError> {
        Self::establish_as(peer, pairs, None).await
    }

    /// The same; we are the provider of `provided`, a SOP class (PS3.7 section D.3.3.4).
    pub(super) async fn establish_as(
        peer: &Peer,
        pairs: &[(String, String)],
        provided: Option<&str>,
    ) -> Result<Self, ScuError> {
        let association = Established::new(peer, pairs, provided).await?;
        let received = VecDeque::new();
        Ok(Self { association, timeout: peer.timeout, next_message_id: 1, received, early: None })
    }

    /// The accepted context for a pair, if there is one.
    pub fn context_for(&self, abstract_syntax: &str, transfer_syntax: &str) -> Option<u8> {
        let mut contexts = self.association.contexts().iter();
        let found = contexts.find(|context| {
            context.reason == PresentationContextResultReason::Acceptance
                && context.abstract_syntax == abstract_syntax
                && context.transfer_syntax == transfer_syntax
        });
        found.map(|context| context.id)
    }

    /// Sends one object and returns the status of the response. After an error the Association
    /// must be dropped by `abort`.
    pub async fn store(
        &mut self,
        context_id: u8,
        sop_class_uid: &str,
        sop_instance_uid: &str,
        data_set: &mut impl Read,
    ) -> Result<u16, ScuError> {
        let message_id = self.take_message_id();
        let rq = CStoreRq {
            message_id,
            sop_class_uid: sop_class_uid.to_owned(),
            sop_instance_uid: sop_instance_uid.to_owned(),
            has_data_set: true,
        };
        self.send_command(context_id, command::c_store_rq(&rq)).await?;
        self.send_data_set(context_id, data_set).await?;
        match self.receive_command().await? {
            Command::CStoreRsp { message_id: answered, status } if answered == message_id => {
                Ok(status)
            }
            _ => Err(ScuError::Protocol),
        }
    }

    /// C-ECHO; the context must be one of the Verification SOP Class.
    pub async fn echo(&mut self, context_id: u8) -> Result<u16, ScuError> {
        let message_id = self.take_message_id();
        let rq = command::c_echo_rq(message_id, super::syntaxes::VERIFICATION);
        self.send_command(context_id, rq).await?;
        match self.receive_command().await? {
            Command::CEchoRsp { status } => Ok(status),
            _ => Err(ScuError::Protocol),
        }
    }

    /// Releases in order; a peer that does not answer the release costs only the time limit.
    pub async fn release(self) {
        let _ = tokio::time::timeout(self.timeout, self.association.release()).await;
    }

    /// Aborts: the peer drops what it has of an unfinished object.
    pub async fn abort(self) {
        let _ = tokio::time::timeout(self.timeout, self.association.abort()).await;
    }

    pub(super) fn take_message_id(&mut self) -> u16 {
        let id = self.next_message_id;
        self.next_message_id = self.next_message_id.checked_add(1).unwrap_or(1);
        id
    }

    pub(super) async fn send_command(
        &mut self,
        context_id: u8,
        data: Vec<u8>,
    ) -> Result<(), ScuError> {
        self.send_fragment(context_id, PDataValueType::Command, true, data).await
    }

    pub(super) async fn send_data_set(
        &mut self,
        context_id: u8,
        source: &mut impl Read,
    ) -> Result<(), ScuError> {
        let peer_limit = match self.association.peer_max_pdu_bytes() {
            0 => MAX_SENT_PDU_BYTES,
            limit => limit.min(MAX_SENT_PDU_BYTES),
        };
        // A fragment has an even length (PS3.8 annex E.2).
        let size = (peer_limit.saturating_sub(PDV_OVERHEAD_BYTES).max(2) & !1) as usize;
        let mut fragment = read_up_to(source, size)?;
        loop {
            let next = read_up_to(source, size)?;
            let is_last = next.is_empty();
            self.send_fragment(context_id, PDataValueType::Data, is_last, fragment).await?;
            if is_last {
                return Ok(());
            }
            fragment = next;
        }
    }

    async fn send_fragment(
        &mut self,
        presentation_context_id: u8,
        value_type: PDataValueType,
        is_last: bool,
        data: Vec<u8>,
    ) -> Result<(), ScuError> {
        let value = PDataValue { presentation_context_id, value_type, is_last, data };
        let pdu = Pdu::PData { data: vec![value] };
        let sent = tokio::time::timeout(self.timeout, self.association.send(&pdu)).await;
        sent.map_err(|_| ScuError::Timeout)?
    }

    pub(super) async fn receive_command(&mut self) -> Result<Command, ScuError> {
        let mut bytes = Vec::new();
        loop {
            let receiving = tokio::time::timeout(self.timeout, self.next_value()).await;
            let value = receiving.map_err(|_| ScuError::Timeout)??;
            bytes.extend(value.data);
            if bytes.len() > command::MAX_COMMAND_BYTES {
                return Err(ScuError::Protocol);
            }
            if value.is_last {
                return Command::parse(&bytes).map_err(|_| ScuError::Protocol);
            }
        }
    }

    /// The next fragment of what the peer sends.
    pub(super) async fn next_value(&mut self) -> Result<PDataValue, ScuError> {
        loop {
            if let Some(value) = self.received.pop_front() {
                return Ok(value);
            }
            match self.association.receive().await? {
                Pdu::PData { data } => self.received.extend(data),
                Pdu::AbortRQ { .. } => return Err(ScuError::Aborted),
                // It wanted to end just when we sent: PS3.8 section 7.2 lets either side ask.
                Pdu::ReleaseRQ => {
                    let answered = self.association.send(&Pdu::ReleaseRP);
                    let _ = tokio::time::timeout(self.timeout, answered).await;
                    return Err(ScuError::Released);
                }
                _ => return Err(ScuError::Protocol),
            }
        }
    }
}

/// Plain reads: the bytes were just digested, so they come from the page cache.
fn read_up_to(source: &mut impl Read, size: usize) -> Result<Vec<u8>, ScuError> {
    let mut fragment = Vec::with_capacity(size);
    source.take(size as u64).read_to_end(&mut fragment).map_err(|_| ScuError::Source)?;
    Ok(fragment)
}
