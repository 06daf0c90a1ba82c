//! A connection to the audit record repository: TLS (RFC 5425), TCP, UDP (RFC 5426).
//!
//! Invariant: `close` says yes only when the receiver ended the connection after it had everything; syslog
//! has no other answer. UDP has none at all.

use crate::config::{AuditSyslog, SyslogTransport};
use crate::tls::{self, TlsError};
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

/// What a receiver may say before it ends the connection; nothing of it is read.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// Datagrams are no longer (PS3.15 section A.6.2).
const MAX_DATAGRAM_BYTES: usize = 32 << 10;

/// Why messages did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum SyslogError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{0} cannot be reached: {1}")]
    Connect(String, io::ErrorKind),
    #[error("{0}: TLS failed: {1}")]
    Handshake(String, String),
    #[error("{0}: the connection broke: {1}")]
    Broken(String, String),
    #[error("{0}: no answer within timeout_ms")]
    Timeout(String),
    #[error("{0}: it did not end the connection within timeout_ms: it may hang")]
    NotEnded(String),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

enum Link {
    Stream(Box<dyn Stream>),
    Datagrams(UdpSocket),
}

/// An open connection.
pub(super) struct Connection {
    link: Link,
    address: String,
    limit: Duration,
}

impl Connection {
    pub async fn open(config: &AuditSyslog) -> Result<Self, SyslogError> {
        let address = config.address.clone();
        let limit = Duration::from_millis(config.timeout_ms);
        let link = tokio::time::timeout(limit, link(config)).await;
        let link = link.map_err(|_| SyslogError::Timeout(address.clone()))??;
        Ok(Self { link, address, limit })
    }

    /// Messages, in their order.
    pub async fn send(&mut self, messages: &[Vec<u8>]) -> Result<(), SyslogError> {
        for message in messages {
            let sent = match &mut self.link {
                Link::Stream(stream) => {
                    // Octet counting (RFC 5425 section 4.3).
                    let counted = [format!("{} ", message.len()).as_bytes(), message].concat();
                    tokio::time::timeout(self.limit, stream.write_all(&counted)).await
                }
                Link::Datagrams(_) if message.len() > MAX_DATAGRAM_BYTES => {
                    tracing::error!("an audit message is too long for a datagram");
                    continue;
                }
                Link::Datagrams(socket) => {
                    tokio::time::timeout(self.limit, async { socket.send(message).await.map(drop) })
                        .await
                }
            };
            let sent = sent.map_err(|_| SyslogError::Timeout(self.address.clone()))?;
            sent.map_err(|error| SyslogError::Broken(self.address.clone(), error.to_string()))?;
        }
        Ok(())
    }

    /// Ends it; an error if it is not known that everything was read.
    pub async fn close(self) -> Result<(), SyslogError> {
        let Self { link, address, limit } = self;
        let Link::Stream(mut stream) = link else { return Ok(()) };
        let ending = async {
            stream.flush().await?;
            stream.shutdown().await?;
            let mut answer = [0u8; 4096];
            let mut read = 0;
            loop {
                match stream.read(&mut answer).await {
                    Ok(0) => return Ok(()),
                    // It ended without a farewell, but after ours, and with nothing left unread.
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                    Ok(more) if read + more <= MAX_ANSWER_BYTES => read += more,
                    Ok(_) => return Err(io::Error::other("it talks back")),
                    Err(error) => return Err(error),
                }
            }
        };
        match tokio::time::timeout(limit, ending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(SyslogError::Broken(address, error.to_string())),
            Err(_) => Err(SyslogError::NotEnded(address)),
        }
    }
}

async fn link(config: &AuditSyslog) -> Result<Link, SyslogError> {
    let address = &config.address;
    let unreachable = |error: io::Error| SyslogError::Connect(address.clone(), error.kind());
    if config.transport == SyslogTransport::Udp {
        let target = tokio::net::lookup_host(address).await.map_err(unreachable)?.next();
        let target = target.ok_or_else(|| unreachable(io::ErrorKind::NotFound.into()))?;
        let ours = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(ours).await.map_err(unreachable)?;
        socket.connect(target).await.map_err(unreachable)?;
        return Ok(Link::Datagrams(socket));
    }
    let socket = TcpStream::connect(address).await.map_err(unreachable)?;
    let Some(tls) = &config.tls else { return Ok(Link::Stream(Box::new(socket))) };
    let failed = |why: String| SyslogError::Handshake(address.clone(), why);
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
    let name = tls.server_name.as_deref().unwrap_or(host.trim_matches(['[', ']']));
    let name = ServerName::try_from(name.to_owned()).map_err(|error| failed(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(tls::connector(tls)?));
    let stream = connector.connect(name, socket).await;
    Ok(Link::Stream(Box::new(stream.map_err(|error| failed(error.to_string()))?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn config(address: std::net::SocketAddr, transport: SyslogTransport) -> AuditSyslog {
        let text = format!("address = \"{address}\"\ntimeout_ms = 200");
        let config: AuditSyslog = toml::from_str(&text).expect("a section");
        AuditSyslog { transport, ..config }
    }

    #[tokio::test]
    async fn messages_are_counted_and_arrived_once_the_receiver_ended_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let config = config(listener.local_addr().expect("bound"), SyslogTransport::Tcp);
        let hearing = tokio::spawn(async move {
            let mut heard = Vec::new();
            let (mut socket, _) = listener.accept().await.expect("a connection");
            socket.read_to_end(&mut heard).await.expect("read");
            heard
        });
        let mut connection = Connection::open(&config).await.expect("open");
        connection.send(&[b"one".to_vec(), b"three".to_vec()]).await.expect("sent");
        connection.close().await.expect("arrived");
        assert_eq!(hearing.await.expect("heard"), b"3 one5 three");
    }

    #[tokio::test]
    async fn what_a_receiver_does_not_read_has_not_arrived() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let config = config(listener.local_addr().expect("bound"), SyslogTransport::Tcp);
        // It takes connections, and hangs.
        let mut connection = Connection::open(&config).await.expect("open");
        connection.send(&[b"one".to_vec()]).await.expect("sent");
        let closed = connection.close().await;
        assert!(matches!(closed, Err(SyslogError::NotEnded(_))), "{closed:?}");
        // It is killed before it reads.
        let mut connection = Connection::open(&config).await.expect("open");
        let (_hanging, _) = listener.accept().await.expect("the first");
        let (killed, _) = listener.accept().await.expect("the second");
        connection.send(&[b"one".to_vec()]).await.expect("sent");
        killed.readable().await.expect("something to read");
        drop(killed);
        let closed = connection.close().await;
        assert!(matches!(closed, Err(SyslogError::Broken(..))), "{closed:?}");
    }

    #[tokio::test]
    async fn a_datagram_is_a_message() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let config = config(socket.local_addr().expect("bound"), SyslogTransport::Udp);
        let mut connection = Connection::open(&config).await.expect("open");
        connection
            .send(&[vec![b'x'; MAX_DATAGRAM_BYTES + 1], b"one".to_vec()])
            .await
            .expect("sent");
        connection.close().await.expect("nobody knows");
        let mut heard = [0; 64];
        let length = socket.recv(&mut heard).await.expect("heard");
        assert_eq!(&heard[..length], b"one");
    }
}
