//! A C-STORE destination: one Association for as many objects as it negotiated for.

use super::Sent;
use crate::config::Destination;
use crate::dimse::status::{Outcome, outcome};
use crate::dimse::store_scu::{MAX_CONTEXTS, Peer, ScuError, StoreAssociation};
use crate::spool::{PendingDelivery, Ready};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::time::Duration;

type Pair = (String, String);

/// A C-STORE destination and its open Association, if there is one.
pub struct Dicom {
    peer: Peer,
    open: Option<Open>,
}

struct Open {
    association: StoreAssociation,
    proposed: BTreeSet<Pair>,
    /// It carried an object already: the peer may have closed it since.
    used: bool,
}

impl Dicom {
    pub fn new(destination: &Destination) -> Self {
        let peer = Peer {
            address: destination.address.clone(),
            called_ae_title: destination.called_ae_title.clone(),
            calling_ae_title: destination.calling_ae_title.clone(),
            timeout: Duration::from_millis(destination.timeout_ms),
        };
        Self { peer, open: None }
    }

    /// Sends one object; `batch` is what else is due, so that one negotiation serves it all.
    pub async fn send(&mut self, ready: &Ready, batch: &[PendingDelivery]) -> Sent {
        let pair = (ready.sop_class_uid().to_owned(), ready.transfer_syntax_uid().to_owned());
        for _ in 0..2 {
            let mut open = match self.open.take() {
                Some(open) if open.proposed.contains(&pair) => open,
                other => {
                    if let Some(other) = other {
                        other.association.release().await;
                    }
                    match self.establish(&pair, batch).await {
                        Ok(open) => open,
                        Err(ScuError::NoContext) => return no_context(),
                        Err(error) => return Sent::Unreachable { why: why(error) },
                    }
                }
            };
            let reused = open.used;
            open.used = true;
            match store(&mut open.association, ready, &pair).await {
                Ok(sent) => {
                    self.open = Some(open);
                    return sent;
                }
                Err(error) => {
                    open.association.abort().await;
                    // A peer may close an Association between two objects: once more on a new one.
                    let closed = matches!(error, ScuError::Connection | ScuError::Aborted);
                    if !(reused && closed) {
                        return Sent::TryLater { status: None, why: why(error) };
                    }
                }
            }
        }
        Sent::TryLater { status: None, why: why(ScuError::Connection) }
    }

    /// Releases the Association, if one is open.
    pub async fn release(&mut self) {
        if let Some(open) = self.open.take() {
            open.association.release().await;
        }
    }

    async fn establish(&self, pair: &Pair, batch: &[PendingDelivery]) -> Result<Open, ScuError> {
        let mut proposed = BTreeSet::from([pair.clone()]);
        for due in batch {
            if proposed.len() < MAX_CONTEXTS {
                proposed.insert((due.sop_class_uid.clone(), due.transfer_syntax_uid.clone()));
            }
        }
        let pairs: Vec<_> = proposed.iter().cloned().collect();
        let association = StoreAssociation::establish(&self.peer, &pairs).await?;
        Ok(Open { association, proposed, used: false })
    }
}

async fn store(
    association: &mut StoreAssociation,
    ready: &Ready,
    (sop_class, transfer_syntax): &Pair,
) -> Result<Sent, ScuError> {
    let Some(context) = association.context_for(sop_class, transfer_syntax) else {
        return Ok(no_context());
    };
    let mut data_set = open_data_set(ready).map_err(|_| ScuError::Source)?;
    let uid = ready.sop_instance_uid();
    let status = association.store(context, sop_class, uid, &mut data_set).await?;
    Ok(match outcome(status) {
        Outcome::Stored => Sent::Delivered { status },
        Outcome::Transient => {
            Sent::TryLater { status: Some(status), why: "the destination could not store it" }
        }
        Outcome::Permanent => {
            Sent::Refused { status: Some(status), why: "the destination refused it" }
        }
    })
}

fn no_context() -> Sent {
    let why = "the destination accepts no context for this SOP class and transfer syntax";
    Sent::Refused { status: None, why }
}

/// The data set of a Part 10 file that we wrote: its group length is right (PS3.10 section 7.1).
fn open_data_set(ready: &Ready) -> std::io::Result<BufReader<File>> {
    let mut file = ready.open()?;
    let mut head = [0; 144];
    file.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[140], head[141], head[142], head[143]]);
    file.seek(SeekFrom::Start(144 + u64::from(length)))?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

fn why(error: ScuError) -> &'static str {
    match error {
        ScuError::Connect => "cannot connect",
        ScuError::Rejected => "it rejected the association",
        ScuError::NoContext => "it accepted no presentation context",
        ScuError::Connection => "the connection broke",
        ScuError::Aborted => "it aborted the association",
        ScuError::Timeout => "it did not answer in time",
        ScuError::Protocol => "it answered out of protocol",
        ScuError::Source => "the stored result cannot be read",
    }
}
