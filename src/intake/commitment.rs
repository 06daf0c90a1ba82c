//! Storage commitment on Associations that others established: results that destinations report,
//! and requests of senders.
//!
//! Invariants: nothing is answered with success before it is recorded durably; a result counts only
//! from the AE title of the destination that was asked, under the transaction that it was asked
//! under; a request is taken only of a sender whose address is configured, for it is answered there.

use crate::config::{Destination, Intake};
use crate::dimse::command::{self, EventReport, NAction};
use crate::dimse::commitment::{
    Commitment, CommitmentError, MAX_DATA_SET_BYTES, PUSH_MODEL, REQUEST, Reference, Vr,
};
use crate::dimse::status;
use crate::dimse::syntaxes::EXPLICIT_VR_LE;
use crate::spool::{CommitmentResult, LocalSpool, UnixMs};

/// A destination that reports to us what it keeps.
#[derive(Debug, Clone)]
pub struct Reporter {
    ae_title: String,
    destination: String,
    retry_min_ms: u64,
}

impl Reporter {
    /// Those that are asked to commit.
    pub fn of(destinations: &[Destination]) -> Vec<Self> {
        let asked = destinations.iter().filter(|destination| destination.commitment);
        let reporter = |of: &Destination| Self {
            ae_title: of.called_ae_title.clone(),
            destination: of.name.clone(),
            retry_min_ms: of.retry_min_ms,
        };
        asked.map(reporter).collect()
    }
}

/// What the peer wants.
enum Asked {
    Result(EventReport),
    Request(NAction),
}

/// A message with its data set, as far as it came.
pub struct Message {
    asked: Asked,
    vr: Vr,
    data_set: Vec<u8>,
    too_large: bool,
}

impl Message {
    pub fn result(rq: EventReport, transfer_syntax: &str) -> Self {
        Self::new(Asked::Result(rq), transfer_syntax)
    }

    pub fn request(rq: NAction, transfer_syntax: &str) -> Self {
        Self::new(Asked::Request(rq), transfer_syntax)
    }

    fn new(asked: Asked, transfer_syntax: &str) -> Self {
        let vr = if transfer_syntax == EXPLICIT_VR_LE { Vr::Explicit } else { Vr::Implicit };
        Self { asked, vr, data_set: Vec::new(), too_large: false }
    }

    /// Takes a fragment of the data set.
    pub fn fragment(&mut self, bytes: &[u8]) {
        self.too_large |= self.data_set.len() + bytes.len() > MAX_DATA_SET_BYTES;
        if !self.too_large {
            self.data_set.extend(bytes);
        }
    }

    /// Does what was asked; the response.
    pub async fn finish(
        self,
        calling: &str,
        config: &Intake,
        reporters: &[Reporter],
        spool: &LocalSpool,
        now_ms: UnixMs,
    ) -> Vec<u8> {
        let parsed = match self.too_large {
            true => Err(CommitmentError::TooMany),
            false => Commitment::parse(&self.data_set, self.vr),
        };
        match self.asked {
            Asked::Result(rq) => {
                let status = match parsed {
                    _ if rq.sop_class_uid != PUSH_MODEL => status::NO_SUCH_SOP_CLASS,
                    Ok(result) => take_result(&result, calling, reporters, spool, now_ms).await,
                    Err(error) => refusal(error),
                };
                command::n_event_report_rsp(&rq, status)
            }
            Asked::Request(rq) => {
                let has_address = config.commitment_peers.iter().any(|p| p.ae_title == calling);
                let status = match parsed {
                    _ if rq.sop_class_uid != PUSH_MODEL => status::NO_SUCH_SOP_CLASS,
                    _ if rq.action_type != REQUEST => status::NO_SUCH_ACTION_TYPE,
                    _ if !config.storage_commitment => status::UNRECOGNIZED_OPERATION,
                    _ if !has_address => {
                        tracing::warn!(
                            "a commitment was asked for by an AE without an address in commitment_peers"
                        );
                        status::PROCESSING_FAILURE
                    }
                    Ok(request) => {
                        let payload = request.write(Vr::Explicit);
                        take_request(&request, payload, calling, spool, now_ms).await
                    }
                    Err(error) => refusal(error),
                };
                command::n_action_rsp(&rq, status)
            }
        }
    }
}

fn refusal(error: CommitmentError) -> u16 {
    tracing::warn!(%error, "a message of storage commitment was not understood");
    match error {
        CommitmentError::TooMany => status::RESOURCE_LIMITATION,
        _ => status::INVALID_ARGUMENT_VALUE,
    }
}

async fn take_result(
    commitment: &Commitment,
    calling: &str,
    reporters: &[Reporter],
    spool: &LocalSpool,
    now_ms: UnixMs,
) -> u16 {
    let uid = |one: &Reference| one.sop_instance_uid.reveal().clone();
    for reporter in reporters.iter().filter(|reporter| reporter.ae_title == calling) {
        let result = CommitmentResult {
            transaction_uid: commitment.transaction_uid.clone(),
            committed: commitment.references.iter().map(uid).collect(),
            failed: commitment.failed.iter().map(|(one, reason)| (uid(one), *reason)).collect(),
            again_ms: now_ms.saturating_add_unsigned(reporter.retry_min_ms),
        };
        let destination = &reporter.destination;
        match spool.commitment_result(destination, result, now_ms).await {
            Ok(Some(counts)) => {
                tracing::info!(destination, counts.committed, counts.failed, "commitment reported");
                return status::SUCCESS;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(destination, %error, "a commitment could not be recorded");
                return status::PROCESSING_FAILURE;
            }
        }
    }
    tracing::warn!("a commitment was reported that was not asked for");
    status::PROCESSING_FAILURE
}

async fn take_request(
    request: &Commitment,
    payload: Vec<u8>,
    calling: &str,
    spool: &LocalSpool,
    now_ms: UnixMs,
) -> u16 {
    let (uid, objects) = (&request.transaction_uid, request.references.len());
    match spool.accept_commitment(uid, calling, payload, now_ms).await {
        Ok(true) => {
            tracing::info!(objects, "a sender asks to commit");
            status::SUCCESS
        }
        Ok(false) => {
            tracing::warn!("a commitment was asked for twice, or too many are open");
            status::RESOURCE_LIMITATION
        }
        Err(error) => {
            tracing::error!(%error, "a request to commit could not be stored");
            status::PROCESSING_FAILURE
        }
    }
}
