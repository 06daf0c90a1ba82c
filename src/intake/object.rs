//! One object being received: to the spool file as it comes, scanned as it passes.

use crate::config::Intake;
use crate::deid::scan::{DataSetScanner, Encoding};
use crate::dimse::command::CStoreRq;
use crate::dimse::status;
use crate::spool::{Identity, IncomingFile, LocalSpool, NewOriginal, SpoolError, uid_or_nothing};

/// Why an object is refused, and with which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub why: &'static str,
}

const NO_ROOM: Refusal =
    Refusal { status: status::OUT_OF_RESOURCES, why: "it does not fit the spool's disk" };
const TOO_LARGE: Refusal =
    Refusal { status: status::OUT_OF_RESOURCES, why: "it is larger than max_object_bytes" };
const BROKEN_SPOOL: Refusal =
    Refusal { status: status::OUT_OF_RESOURCES, why: "the spool cannot store it" };
const TRUNCATED: Refusal =
    Refusal { status: status::CANNOT_UNDERSTAND, why: "its data set is truncated" };
const MISMATCH: Refusal = Refusal {
    status: status::DATA_SET_MISMATCH,
    why: "its SOP Class or Instance UID is not the command's",
};

/// Bytes after which free space is looked at again.
const ROOM_CHECK_BYTES: u64 = 64 << 20;

/// An object between its C-STORE-RQ and the last fragment of its data set.
pub struct ReceivedObject {
    rq: CStoreRq,
    transfer_syntax_uid: String,
    scanner: DataSetScanner,
    file: Option<IncomingFile>,
    refusal: Option<Refusal>,
    next_room_check: u64,
}

/// An AE title without what a terminal would obey.
pub fn printable(ae_title: &str) -> String {
    ae_title.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

impl ReceivedObject {
    /// Starts the spool file. An object that cannot be stored is read to its end and refused.
    pub fn start(
        rq: CStoreRq,
        transfer_syntax_uid: &str,
        config: &Intake,
        spool: &LocalSpool,
    ) -> Self {
        let encoding = Encoding::of_transfer_syntax(transfer_syntax_uid);
        let mut object = Self {
            scanner: DataSetScanner::new(encoding, config.max_object_bytes),
            transfer_syntax_uid: transfer_syntax_uid.to_owned(),
            rq,
            file: None,
            refusal: None,
            next_room_check: ROOM_CHECK_BYTES,
        };
        object.refusal = object.room(config, spool);
        if object.refusal.is_none() {
            let identity = Identity {
                sop_class_uid: object.rq.sop_class_uid.clone(),
                sop_instance_uid: object.rq.sop_instance_uid.clone(),
                transfer_syntax_uid: transfer_syntax_uid.to_owned(),
            };
            match spool.incoming(&identity) {
                Ok(file) => object.file = Some(file),
                Err(error) => object.fail(&error),
            }
        }
        object
    }

    /// Takes a fragment of the data set.
    pub fn fragment(&mut self, bytes: &[u8], config: &Intake, spool: &LocalSpool) {
        let Some(file) = self.file.as_mut() else { return };
        self.scanner.feed(bytes, &mut |_| {});
        if let Err(error) = file.write(bytes) {
            return self.fail(&error);
        }
        let written = file.bytes();
        if written > config.max_object_bytes {
            self.refuse(TOO_LARGE);
        } else if written > self.next_room_check {
            self.next_room_check = written + ROOM_CHECK_BYTES;
            if let Some(refusal) = self.room(config, spool) {
                self.refuse(refusal);
            }
        }
    }

    /// Ends the data set: the file and the facts to record, or why it is refused.
    pub fn finish(
        mut self,
        calling_ae: &str,
        called_ae: &str,
        peer: String,
    ) -> Result<(CStoreRq, IncomingFile, NewOriginal), (CStoreRq, Refusal)> {
        let Some(file) = self.file.take() else {
            return Err((self.rq, self.refusal.unwrap_or(BROKEN_SPOOL)));
        };
        let scan = self.scanner.finish();
        if scan.truncated {
            return Err((self.rq, TRUNCATED));
        }
        let matches = scan.sop_instance_uid.as_str() == self.rq.sop_instance_uid
            && scan.sop_class_uid.as_str() == self.rq.sop_class_uid
            && !self.rq.sop_instance_uid.is_empty();
        // A stream that stopped being readable before its UIDs cannot be compared: it is taken.
        let unreadable = scan.problem.is_some() && scan.sop_instance_uid.as_str().is_empty();
        if !matches && !unreadable {
            return Err((self.rq, MISMATCH));
        }
        let original = NewOriginal {
            sop_instance_uid: self.rq.sop_instance_uid.clone(),
            study_instance_uid: scan.study_instance_uid.as_str().to_owned(),
            series_instance_uid: scan.series_instance_uid.as_str().to_owned(),
            sop_class_uid: uid_or_nothing(&self.rq.sop_class_uid),
            transfer_syntax_uid: self.transfer_syntax_uid,
            calling_ae: printable(calling_ae),
            called_ae: printable(called_ae),
            peer,
        };
        Ok((self.rq, file, original))
    }

    fn room(&self, config: &Intake, spool: &LocalSpool) -> Option<Refusal> {
        match spool.free_bytes() {
            Ok(free) if free >= config.min_free_bytes => None,
            Ok(_) => Some(NO_ROOM),
            Err(_) => Some(BROKEN_SPOOL),
        }
    }

    fn fail(&mut self, error: &SpoolError) {
        tracing::error!(%error, "an object could not be stored");
        self.refuse(BROKEN_SPOOL);
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
        self.file = None;
    }
}
