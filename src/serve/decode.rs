//! Lets senders have a result decoded by the worker's children.

use crate::forward::{Decode, Decoding, Undecoded};
use crate::sandbox::RunError;
use crate::spool::Ready;
use crate::worker::Transcoder;

impl Decode for Transcoder {
    fn explicit<'a>(&'a self, ready: &'a Ready) -> Decoding<'a> {
        Box::pin(async {
            Self::explicit(self, ready.path()).await.map_err(|error| match error {
                RunError::Hold(hold) => {
                    let (reason, detail) = (hold.reason, &hold.detail);
                    tracing::warn!(%reason, detail, "a result cannot be decoded for a destination");
                    Undecoded::Never
                }
                RunError::Failed(_) | RunError::Later(_) => Undecoded::Now,
            })
        })
    }
}
