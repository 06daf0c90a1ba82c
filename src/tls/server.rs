//! TLS of the port: our certificate, and the authorities of those who must show one.

use super::certificate::Certificate;
use super::{TlsError, files, provider};
use crate::config::IntakeTls;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ServerConfig, ServerConnection};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The first byte of every TLS connection (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 0x16;

/// Takes TLS connections.
#[derive(Clone)]
pub struct Acceptor {
    inner: TlsAcceptor,
    /// Ours.
    pub certificate: Certificate,
}

impl Acceptor {
    /// Reads the files.
    pub fn new(config: &IntakeTls) -> Result<Self, TlsError> {
        let unfit = |why: String| TlsError::Unfit {
            certificate_file: config.certificate_file.clone(),
            why,
        };
        let chain = files::certificates(&config.certificate_file)?;
        let certificate = Certificate::of_file(&config.certificate_file)?;
        let key = files::key(&config.key_file)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unfit(error.to_string()))?;
        let builder = match &config.client_ca_file {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let roots = files::authorities(file)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier = verifier.build().map_err(|error| TlsError::NoAuthority {
                    file: file.clone(),
                    why: error.to_string(),
                })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut server =
            builder.with_single_cert(chain, key).map_err(|error| unfit(error.to_string()))?;
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Self { inner: TlsAcceptor::from(Arc::new(server)), certificate })
    }

    /// The handshake, and whose certificate was shown. The error says why there is no connection,
    /// and quotes nothing.
    pub async fn accept(
        &self,
        socket: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Option<Certificate>), String> {
        let stream = self.inner.accept(socket).await.map_err(|error| reason(&error))?;
        let shown = shown(stream.get_ref().1);
        Ok((stream, shown))
    }
}

fn shown(connection: &ServerConnection) -> Option<Certificate> {
    Certificate::of(connection.peer_certificates()?.first()?)
}

/// rustls says what was wrong with a certificate, and not what stands in it.
fn reason(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(what)) => match what {
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. } => {
                "its certificate expired".into()
            }
            rustls::CertificateError::NotValidYet
            | rustls::CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet".into()
            }
            rustls::CertificateError::UnknownIssuer => {
                "nobody in client_ca_file signed its certificate".into()
            }
            _ => "its certificate is not valid".into(),
        },
        Some(rustls::Error::NoCertificatesPresented) => "it showed no certificate".into(),
        Some(rustls::Error::InvalidMessage(_)) => "it does not speak TLS".into(),
        Some(rustls::Error::PeerIncompatible(_)) => "it offers no TLS 1.2 or 1.3 of BCP 195".into(),
        Some(rustls::Error::AlertReceived(_)) => "it refused our certificate or protocol".into(),
        _ => "the TLS handshake broke".into(),
    }
}

/// Whether a connection begins as TLS does.
pub fn is_handshake(first: &[u8]) -> bool {
    first.first() == Some(&HANDSHAKE)
}
