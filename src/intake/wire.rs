//! PDUs over one connection, in TLS or not.
//!
//! Invariants: memory is about one PDU of `max_pdu_bytes`, whatever length a peer declares; an
//! error never quotes what came.

use bytes::BytesMut;
use dicom_ul::association::read_pdu_from_wire_async;
use dicom_ul::pdu::{AbortRQServiceProviderReason, AbortRQSource, Pdu, write_pdu};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// For a peer to close first.
const LINGER: Duration = Duration::from_secs(1);
/// A peer that goes on sending does not read.
const LINGER_BYTES: usize = 64 * 1024;

/// The connection broke, was closed, or carried no PDU that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// One connection.
pub struct Wire {
    stream: Box<dyn Stream>,
    received: BytesMut,
    encoded: Vec<u8>,
    max_pdu_bytes: u32,
    /// For a PDU that we send.
    timeout: Duration,
}

impl Wire {
    pub fn new(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
        max_pdu_bytes: u32,
        timeout: Duration,
    ) -> Self {
        let (received, encoded) = (BytesMut::new(), Vec::new());
        Self { stream: Box::new(stream), received, encoded, max_pdu_bytes, timeout }
    }

    /// The next PDU.
    pub async fn receive(&mut self) -> Result<Pdu, Broken> {
        let (stream, limit) = (&mut self.stream, self.max_pdu_bytes);
        // strict: a longer PDU than was negotiated is an error before its bytes are there
        let read = read_pdu_from_wire_async(stream, &mut self.received, limit, true).await;
        read.map_err(|_| Broken)
    }

    /// Sends one, within the time limit.
    pub async fn send(&mut self, pdu: &Pdu) -> Result<(), Broken> {
        self.encoded.clear();
        write_pdu(&mut self.encoded, pdu).map_err(|_| Broken)?;
        let sending = async {
            self.stream.write_all(&self.encoded).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(self.timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Broken),
        }
    }

    /// Says A-ABORT and closes; a peer that does not listen costs the time limit.
    pub async fn abort(mut self, reason: AbortRQServiceProviderReason) {
        let source = AbortRQSource::ServiceProvider(reason);
        let _ = self.send(&Pdu::AbortRQ { source }).await;
        self.close().await;
    }

    /// Waits for the peer to close, as PS3.8 section 9.2 lets it be the first, so that it has read
    /// what was sent last; then closes.
    pub async fn close(mut self) {
        let ending = async {
            let mut dropped = 0;
            while dropped < LINGER_BYTES {
                self.received.clear();
                match self.stream.read_buf(&mut self.received).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => dropped += read,
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, ending).await;
        let _ = tokio::time::timeout(LINGER, self.stream.shutdown()).await;
    }
}
