//! A C-STORE destination: one Association for as many objects as it negotiated for.
//!
//! What an Association of many Presentation Contexts does not get accepted is proposed alone, form
//! by form, before it counts as refused: some peers reject all when they do not like one.

use super::negotiate::{Form, Pair, accepted, forms, proposal};
use super::{Decode, Sent, Undecoded};
use crate::config::Destination;
use crate::dimse::implicit::ImplicitVr;
use crate::dimse::status::{Outcome, outcome};
use crate::dimse::store_scu::{Peer, ScuError, StoreAssociation};
use crate::spool::Ready;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a refusal of a SOP class is believed before it is proposed again.
const REFUSED_FOR: Duration = Duration::from_secs(60);
const NO_CONTEXT: Sent = Sent::Refused {
    status: None,
    why: "the destination accepts no context for this SOP class and transfer syntax",
};
const NO_IMPLICIT_FORM: Sent = Sent::Refused {
    status: None,
    why: "the destination takes Implicit VR Little Endian alone, in which it cannot be written",
};

const NOT_DECODED: Sent = Sent::Refused {
    status: None,
    why: "the destination does not take its transfer syntax, and it cannot be decoded",
};

/// Who is called, and how long anything may take.
pub fn peer(destination: &Destination) -> Peer {
    Peer {
        address: destination.address.clone(),
        called_ae_title: destination.called_ae_title.clone(),
        calling_ae_title: destination.calling_ae_title.clone(),
        timeout: Duration::from_millis(destination.timeout_ms),
        tls: destination.tls.clone(),
    }
}

/// A C-STORE destination and its open Association, if there is one.
pub struct Dicom {
    peer: Peer,
    object_timeout: Duration,
    open: Option<Open>,
    /// It takes an Association for one context only.
    one_by_one: bool,
    /// What it accepted in no form, and when it said so.
    refused: BTreeMap<Pair, Instant>,
    decode: Arc<dyn Decode>,
}

struct Open {
    association: StoreAssociation,
    proposed: BTreeSet<Pair>,
    /// It carried an object already: the peer may have closed it since.
    used: bool,
}

impl Dicom {
    pub fn new(destination: &Destination, decode: Arc<dyn Decode>) -> Self {
        Self {
            decode,
            peer: peer(destination),
            object_timeout: Duration::from_millis(destination.object_timeout_ms),
            open: None,
            one_by_one: false,
            refused: BTreeMap::new(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Sends one object; `batch` is what else is due, so that one negotiation serves it all.
    pub async fn send(&mut self, ready: &Ready, batch: &BTreeSet<Pair>) -> Sent {
        let limit = self.object_timeout;
        let sending = self.send_on_some_association(ready, batch);
        // An Association that is dropped in the middle ends the connection: the peer never sees a
        // last fragment.
        let late = Sent::TryLater { status: None, why: "it took longer than object_timeout_ms" };
        tokio::time::timeout(limit, sending).await.unwrap_or(late)
    }

    async fn send_on_some_association(&mut self, ready: &Ready, batch: &BTreeSet<Pair>) -> Sent {
        let pair = (ready.sop_class_uid().to_owned(), ready.transfer_syntax_uid().to_owned());
        for again in [false, true] {
            let (mut open, form, context) = match self.association_for(&pair, batch).await {
                Ok(found) => found,
                Err(sent) => return sent,
            };
            let reused = std::mem::replace(&mut open.used, true);
            let decode = &*self.decode;
            let error = match store(&mut open.association, ready, form, context, decode).await {
                Ok(Sent::Duplicate { status, .. }) => {
                    self.open = Some(open);
                    return Sent::Duplicate { status, again };
                }
                Ok(sent) => {
                    self.open = Some(open);
                    return sent;
                }
                Err(StoreError::Unsent(sent)) => {
                    self.open = Some(open);
                    return sent;
                }
                Err(StoreError::Scu(error)) => error,
            };
            open.association.abort().await;
            // A peer may close an Association between two objects: once more on a new one.
            let closed =
                matches!(error, ScuError::Connection | ScuError::Aborted | ScuError::Released);
            if !(reused && closed) {
                return Sent::TryLater { status: None, why: why(error) };
            }
        }
        Sent::TryLater { status: None, why: why(ScuError::Connection) }
    }

    /// Releases the Association, if one is open.
    pub async fn release(&mut self) {
        if let Some(open) = self.open.take() {
            open.association.release().await;
        }
        self.one_by_one = false;
    }

    /// An Association with an accepted context for `pair`: the open one, or a new one.
    async fn association_for(
        &mut self,
        pair: &Pair,
        batch: &BTreeSet<Pair>,
    ) -> Result<(Open, Form, u8), Sent> {
        if let Some(open) = self.open.take() {
            if let Some((form, context)) = accepted(&open.association, pair) {
                return Ok((open, form, context));
            }
            if self.is_refused(pair) {
                self.open = Some(open);
                return Err(NO_CONTEXT);
            }
            let was_proposed = open.proposed.contains(pair);
            open.association.release().await;
            if was_proposed {
                return self.alone(pair, true).await;
            }
        }
        if self.is_refused(pair) {
            return Err(NO_CONTEXT);
        }
        if self.one_by_one {
            return self.alone(pair, false).await;
        }
        let proposed = proposal(pair, batch);
        match self.establish(proposed).await {
            Ok(open) => match accepted(&open.association, pair) {
                Some((form, context)) => Ok((open, form, context)),
                None => {
                    open.association.release().await;
                    self.alone(pair, true).await
                }
            },
            Err(ScuError::NoContext) => self.alone(pair, true).await,
            // It was reached, and did not like what it was asked: perhaps there was too much of it.
            Err(
                ScuError::Rejected | ScuError::Protocol | ScuError::Aborted | ScuError::Connection,
            ) => {
                let found = self.alone(pair, false).await?;
                self.one_by_one = true;
                Ok(found)
            }
            Err(error) => Err(without_association(error)),
        }
    }

    fn is_refused(&self, pair: &Pair) -> bool {
        self.refused.get(pair).is_some_and(|at| at.elapsed() < REFUSED_FOR)
    }

    /// One context for each form in turn, and nothing else. `is_well` says that the peer was just
    /// ready to talk about others: turning this Association away is then its answer to the class.
    async fn alone(&mut self, pair: &Pair, is_well: bool) -> Result<(Open, Form, u8), Sent> {
        for (form, syntax) in forms(&pair.1) {
            let single = (pair.0.clone(), syntax.to_owned());
            match self.establish(BTreeSet::from([single])).await {
                Ok(open) => match open.association.context_for(&pair.0, syntax) {
                    Some(context) => return Ok((open, form, context)),
                    None => open.association.release().await,
                },
                Err(ScuError::NoContext) => {}
                Err(ScuError::Rejected | ScuError::Aborted | ScuError::Protocol) if is_well => {}
                Err(error) => return Err(without_association(error)),
            }
        }
        self.refused.insert(pair.clone(), Instant::now());
        Err(NO_CONTEXT)
    }

    async fn establish(&self, proposed: BTreeSet<Pair>) -> Result<Open, ScuError> {
        let pairs: Vec<_> = proposed.iter().cloned().collect();
        let association = StoreAssociation::establish(&self.peer, &pairs).await?;
        Ok(Open { association, proposed, used: false })
    }
}

fn without_association(error: ScuError) -> Sent {
    let why = why(error);
    match error {
        ScuError::Connect | ScuError::Tls | ScuError::Timeout => Sent::Unreachable { why },
        _ => Sent::TurnedAway { why },
    }
}

enum StoreError {
    Scu(ScuError),
    /// It could not be brought into the form; nothing was sent.
    Unsent(Sent),
}

impl From<ScuError> for StoreError {
    fn from(error: ScuError) -> Self {
        Self::Scu(error)
    }
}

async fn store(
    association: &mut StoreAssociation,
    ready: &Ready,
    form: Form,
    context: u8,
    decode: &dyn Decode,
) -> Result<Sent, StoreError> {
    let mut file = match form.decoded {
        false => ready.open().map_err(|_| ScuError::Source)?,
        true => decode.explicit(ready).await.map_err(|undecoded| match undecoded {
            Undecoded::Never => StoreError::Unsent(NOT_DECODED),
            Undecoded::Now => StoreError::Unsent(Sent::TryLater {
                status: None,
                why: "it could not be decoded for the destination",
            }),
        })?,
    };
    if form.implicit_vr {
        file = has_implicit_form(file).await?;
    }
    let mut data_set = data_set_of(file).map_err(|_| ScuError::Source)?;
    let (class, uid) = (ready.sop_class_uid(), ready.sop_instance_uid());
    let status = if form.implicit_vr {
        let mut data_set = ImplicitVr::new(data_set);
        association.store(context, class, uid, &mut data_set).await?
    } else {
        association.store(context, class, uid, &mut data_set).await?
    };
    Ok(match outcome(status) {
        Outcome::Stored => Sent::Delivered { status },
        Outcome::Warning => {
            let status_hex = format!("{status:04X}");
            tracing::warn!(status = status_hex, "the destination stored it with a warning");
            Sent::Delivered { status }
        }
        Outcome::Duplicate => Sent::Duplicate { status, again: false },
        Outcome::Transient => {
            Sent::TryLater { status: Some(status), why: "the destination could not store it" }
        }
        Outcome::Permanent => {
            Sent::Refused { status: Some(status), why: "the destination refused it" }
        }
    })
}

/// The whole way before the first byte is sent: what turns out to have no such form in the middle
/// would cost an Association each time. Gives the file back.
async fn has_implicit_form(file: File) -> Result<File, StoreError> {
    let walked = tokio::task::spawn_blocking(move || {
        let data_set = data_set_of(file.try_clone()?)?;
        io::copy(&mut ImplicitVr::new(data_set), &mut io::sink())?;
        Ok::<_, io::Error>(file)
    });
    match walked.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(StoreError::Unsent(NO_IMPLICIT_FORM))
        }
        _ => Err(StoreError::Scu(ScuError::Source)),
    }
}

/// The data set of a Part 10 file that we wrote: its group length is right (PS3.10 section 7.1).
fn data_set_of(mut file: File) -> io::Result<BufReader<File>> {
    file.rewind()?;
    let mut head = [0; 144];
    file.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[140], head[141], head[142], head[143]]);
    file.seek(SeekFrom::Start(144 + u64::from(length)))?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

pub fn why(error: ScuError) -> &'static str {
    match error {
        ScuError::Connect => "cannot connect",
        ScuError::Tls => "no TLS with it",
        ScuError::Rejected => "it rejected the association",
        ScuError::NoContext => "it accepted no presentation context",
        ScuError::Connection => "the connection broke",
        ScuError::Aborted => "it aborted the association",
        ScuError::Released => "it released the association",
        ScuError::Timeout => "it did not answer in time",
        ScuError::Protocol => "it answered out of protocol",
        ScuError::Source => "the stored result cannot be read",
    }
}
