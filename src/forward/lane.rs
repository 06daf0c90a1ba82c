//! One thing at a time to one destination: a folder, or an Association that is kept while it is of
//! use.

use super::dicom::Dicom;
use super::folder::Folder;
use super::negotiate::Pair;
use super::{Decode, Sent};
use crate::config::{Destination, DestinationKind};
use crate::spool::{LocalSpool, PendingDelivery, SpoolError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What sends.
pub enum Lane {
    Folder(Folder),
    Dicom(Box<Dicom>),
}

/// What became of a delivery that a lane took.
pub enum Attempt {
    Ended(Sent),
    /// The result is gone or is not what was verified.
    Damaged,
    /// It is no longer to be sent.
    Gone,
    /// The spool failed, not the destination.
    Spool(SpoolError),
}

impl Lane {
    pub fn new(destination: &Destination, decode: &Arc<dyn Decode>) -> Self {
        match destination.kind {
            DestinationKind::Folder => Self::Folder(Folder::new(&destination.path)),
            DestinationKind::Dicom => {
                Self::Dicom(Box::new(Dicom::new(destination, Arc::clone(decode))))
            }
        }
    }

    /// How many lanes a destination gets: a folder has one writer.
    pub fn count(destination: &Destination) -> usize {
        match destination.kind {
            DestinationKind::Folder => 1,
            DestinationKind::Dicom => destination.associations,
        }
    }

    /// Sends the verified result of a delivery. `batch` is what else is due, so that one
    /// negotiation serves it all.
    pub async fn deliver(
        &mut self,
        spool: &LocalSpool,
        delivery: &PendingDelivery,
        batch: &BTreeSet<Pair>,
    ) -> Attempt {
        let ready = match spool.open_ready(delivery.job).await {
            Ok(ready) => ready,
            Err(SpoolError::NoSuchRecord) => return Attempt::Gone,
            Err(SpoolError::Damaged) => return Attempt::Damaged,
            Err(error) => return Attempt::Spool(error),
        };
        Attempt::Ended(match self {
            Self::Folder(folder) => folder.send(&ready).await,
            Self::Dicom(dicom) => dicom.send(&ready, batch).await,
        })
    }

    /// Whether there is an Association to release.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Dicom(dicom) if dicom.is_open())
    }

    /// Releases the Association, if one is open.
    pub async fn release(&mut self) {
        if let Self::Dicom(dicom) = self {
            dicom.release().await;
        }
    }
}
