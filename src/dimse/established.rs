//! An Association that we requested, in TLS or not.

use super::store_scu::{MAX_CONTEXTS, Peer, ScuError};
use crate::tls;
use dicom_ul::association::Association;
use dicom_ul::association::client::{
    AsyncClientAssociation, AsyncTlsStream, ClientAssociationOptions,
};
use dicom_ul::pdu::{Pdu, PresentationContextNegotiated};
use tokio::net::TcpStream;

/// PDUs that we take.
const MAX_RECEIVED_PDU_BYTES: u32 = 64 * 1024;

/// What differs is only what the PDUs go through.
pub(super) enum Established {
    Plain(Box<AsyncClientAssociation<TcpStream>>),
    Tls(Box<AsyncClientAssociation<AsyncTlsStream>>),
}

impl Established {
    /// Connects and negotiates; `provided` is a SOP class that we are the provider of.
    pub async fn new(
        peer: &Peer,
        pairs: &[(String, String)],
        provided: Option<&str>,
    ) -> Result<Self, ScuError> {
        let mut options = ClientAssociationOptions::new()
            .calling_ae_title(peer.calling_ae_title.clone())
            .called_ae_title(peer.called_ae_title.clone())
            .max_pdu_length(MAX_RECEIVED_PDU_BYTES)
            .connection_timeout(peer.timeout)
            .read_timeout(peer.timeout)
            .write_timeout(peer.timeout);
        for (abstract_syntax, transfer_syntax) in pairs.iter().take(MAX_CONTEXTS) {
            options = options
                .with_presentation_context(abstract_syntax.clone(), vec![transfer_syntax.clone()]);
        }
        if let Some(class) = provided {
            options = options.with_role_selection(class.to_owned(), false, true);
        }
        let address = peer.address.as_str();
        let limit = peer.timeout * 2;
        // Without no-delay, Nagle's algorithm holds back the last fragment of every object.
        let Some(config) = &peer.tls else {
            let established = tokio::time::timeout(limit, options.establish_async(address)).await;
            let mut plain = established.map_err(|_| ScuError::Timeout)?.map_err(reason)?;
            plain.inner_stream().set_nodelay(true).map_err(|_| ScuError::Connection)?;
            return Ok(Self::Plain(Box::new(plain)));
        };
        let client = tls::connector(config).map_err(|error| {
            tracing::error!(%error, "TLS to a destination is not possible");
            ScuError::Tls
        })?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = config.server_name.as_deref().unwrap_or(host.trim_matches(['[', ']']));
        let options = options.tls_config(client).server_name(name);
        let established = tokio::time::timeout(limit, options.establish_tls_async(address)).await;
        let mut secure = established.map_err(|_| ScuError::Timeout)?.map_err(reason)?;
        let socket = secure.inner_stream().get_ref().0;
        socket.set_nodelay(true).map_err(|_| ScuError::Connection)?;
        Ok(Self::Tls(Box::new(secure)))
    }

    pub fn contexts(&self) -> &[PresentationContextNegotiated] {
        match self {
            Self::Plain(plain) => Association::presentation_contexts(plain.as_ref()),
            Self::Tls(secure) => Association::presentation_contexts(secure.as_ref()),
        }
    }

    /// The longest PDU that the peer takes; 0 is any.
    pub fn peer_max_pdu_bytes(&self) -> u32 {
        match self {
            Self::Plain(plain) => Association::peer_max_pdu_length(plain.as_ref()),
            Self::Tls(secure) => Association::peer_max_pdu_length(secure.as_ref()),
        }
    }

    pub async fn send(&mut self, pdu: &Pdu) -> Result<(), ScuError> {
        match self {
            Self::Plain(plain) => plain.send(pdu).await.map_err(reason),
            Self::Tls(secure) => secure.send(pdu).await.map_err(reason),
        }
    }

    pub async fn receive(&mut self) -> Result<Pdu, ScuError> {
        match self {
            Self::Plain(plain) => plain.receive().await.map_err(reason),
            Self::Tls(secure) => secure.receive().await.map_err(reason),
        }
    }

    pub async fn release(self) -> Result<(), ScuError> {
        match self {
            Self::Plain(plain) => plain.release().await.map_err(reason),
            Self::Tls(secure) => secure.release().await.map_err(reason),
        }
    }

    pub async fn abort(self) -> Result<(), ScuError> {
        match self {
            Self::Plain(plain) => plain.abort().await.map_err(reason),
            Self::Tls(secure) => secure.abort().await.map_err(reason),
        }
    }
}

/// dicom-ul's errors print the PDU that they received: only their kind goes on.
fn reason(error: dicom_ul::association::Error) -> ScuError {
    use dicom_ul::association::Error as Ul;
    match error {
        Ul::Connect { .. } | Ul::ToAddress { .. } => ScuError::Connect,
        Ul::Rejected { .. } => ScuError::Rejected,
        Ul::Aborted { .. } => ScuError::Aborted,
        Ul::NoAcceptedPresentationContexts { .. } => ScuError::NoContext,
        Ul::Timeout { .. } => ScuError::Timeout,
        Ul::ReceivePdu { .. } | Ul::WireSend { .. } | Ul::WireRead { .. } => ScuError::Connection,
        Ul::ConnectionClosed { .. } => ScuError::Connection,
        Ul::TlsHandshake { .. } | Ul::TlsConnection { .. } | Ul::InvalidServerName { .. } => {
            ScuError::Tls
        }
        _ => ScuError::Protocol,
    }
}
