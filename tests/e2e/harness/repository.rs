//! An audit record repository: syslog over TLS that asks for a certificate, and keeps what it got.

use super::certificates::{Authority, Signed};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// It listens until it is dropped.
pub struct Repository {
    pub port: u16,
    got: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Repository {
    /// With a certificate for `localhost`, for those whom the same authority signed.
    pub fn start(port: u16, authority: &Authority) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let config = server(&authority.file, &authority.sign("localhost"));
        let (got, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopping) = (Arc::clone(&got), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let messages = hear(socket, &config);
                kept.lock().expect("kept").extend(messages);
            }
        });
        Self { port, got, stop, thread: Some(thread) }
    }

    /// Every message, without its octet count.
    pub fn messages(&self) -> Vec<String> {
        self.got.lock().expect("kept").clone()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn server(authority: &Path, ours: &Signed) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("PEM")).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let chain = vec![CertificateDer::from_pem_file(&ours.certificate).expect("PEM")];
    let key = PrivateKeyDer::from_pem_file(&ours.key).expect("PEM");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(chain, key);
    Arc::new(config.expect("a certificate"))
}

/// What comes on one connection, as RFC 5425 frames it; nothing of who may not come in.
fn hear(socket: TcpStream, config: &Arc<ServerConfig>) -> Vec<String> {
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let connection = ServerConnection::new(Arc::clone(config)).expect("a connection");
    let mut stream = StreamOwned::new(connection, socket);
    let (mut text, mut messages) = (Vec::new(), Vec::new());
    if stream.read_to_end(&mut text).is_err() {
        return messages;
    }
    stream.conn.send_close_notify();
    let _ = std::io::Write::flush(&mut stream);
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').expect("an octet count");
        let count: usize =
            std::str::from_utf8(&rest[..space]).expect("digits").parse().expect("one");
        let (message, more) = rest[space + 1..].split_at(count);
        messages.push(String::from_utf8(message.to_vec()).expect("UTF-8"));
        rest = more;
    }
    messages
}
