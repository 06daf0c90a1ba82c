//! From a connection to an Association: TLS, the request, who may come in.
//!
//! Invariant: until a peer is let in, it costs one PDU of memory and `accept_timeout_ms`.

use super::Context;
use super::association::Session;
use super::negotiate::{Rejection, Request};
use super::peers::{Peer, Place, Waiting};
use super::wire::{Broken, Wire};
use crate::tls::Certificate;
use dicom_ul::pdu::{AbortRQServiceProviderReason as Abort, AssociationRQ, Pdu};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// Serves one connection to its end.
pub async fn serve(
    socket: TcpStream,
    from: SocketAddr,
    in_tls: bool,
    mut waiting: Waiting,
    context: &Context,
) {
    let _ = socket.set_nodelay(true);
    let limit = Duration::from_millis(context.config.accept_timeout_ms);
    // ARTIM (PS3.8 section 9.1.5) runs from the connection on, through the TLS handshake.
    let refused = |why: &str| tracing::info!(peer = %from, "a connection was refused: {why}");
    let opened = tokio::select! {
        opened = tokio::time::timeout(limit, open(socket, in_tls, context)) => opened,
        () = waiting.made_way() => return refused("it asked for nothing, and others came"),
    };
    let (mut wire, certificate, rq) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(why)) => return refused(&why),
        Err(_) => return refused("no A-ASSOCIATE-RQ within accept_timeout_ms"),
    };
    match admit(rq, from, certificate.as_ref(), context).await {
        Ok((request, peer, sender, place)) => {
            drop(waiting);
            establish(wire, from, request, (peer, sender), context).await;
            drop(place);
        }
        Err(rejection) => {
            let code = rejection.code();
            tracing::warn!(peer = %from, reason = code, "an association was rejected");
            let _ = wire.send(&Pdu::AssociationRJ(rejection.pdu())).await;
            tokio::select! {
                () = wire.close() => {}
                () = waiting.made_way() => {}
            }
        }
    }
}

/// The first PDU, through TLS where that is spoken.
async fn open(
    socket: TcpStream,
    in_tls: bool,
    context: &Context,
) -> Result<(Wire, Option<Certificate>, AssociationRQ), String> {
    let timeout = Duration::from_millis(context.config.idle_timeout_ms);
    let max_pdu_bytes = context.config.max_pdu_bytes;
    let acceptor = in_tls.then(|| context.access.borrow().tls.clone()).flatten();
    let (mut wire, certificate) = match acceptor {
        Some(acceptor) => {
            let (stream, certificate) = acceptor.accept(socket).await?;
            (Wire::new(stream, max_pdu_bytes, timeout), certificate)
        }
        None => {
            if starts_in_tls(&socket).await {
                return Err("it speaks TLS, and this port does not".into());
            }
            (Wire::new(socket, max_pdu_bytes, timeout), None)
        }
    };
    match wire.receive().await {
        Ok(Pdu::AssociationRQ(rq)) => Ok((wire, certificate, rq)),
        Ok(_) => {
            wire.abort(Abort::UnexpectedPdu).await;
            Err("its first PDU is no A-ASSOCIATE-RQ".into())
        }
        Err(Broken) => Err("it closed, or sent no PDU of the Upper Layer Protocol".into()),
    }
}

async fn starts_in_tls(socket: &TcpStream) -> bool {
    let mut first = [0u8; 1];
    socket.peek(&mut first).await.is_ok_and(|read| crate::tls::is_handshake(&first[..read]))
}

/// Whether the peer may come in, and its place.
async fn admit(
    rq: AssociationRQ,
    from: SocketAddr,
    certificate: Option<&Certificate>,
    context: &Context,
) -> Result<(Request, Peer, Option<String>, Place), Rejection> {
    let request = Request::new(rq)?;
    if *context.stopping.borrow() {
        return Err(Rejection::Stopping);
    }
    let access = context.access.borrow().clone();
    let sender = access.decide(&request, from.ip(), certificate).await?;
    let peer = (from.ip(), request.calling_ae_title.clone());
    let place = context.peers.associate(&peer).ok_or(Rejection::Busy)?;
    Ok((request, peer, sender, place))
}

async fn establish(
    mut wire: Wire,
    from: SocketAddr,
    request: Request,
    (peer, sender): (Peer, Option<String>),
    context: &Context,
) {
    let config = &context.config;
    let called = request.called_ae_title.clone();
    let with_commitment = config.storage_commitment || !context.reporters.is_empty();
    let (ac, contexts) = request.accept(config.max_pdu_bytes, with_commitment);
    if wire.send(&Pdu::AssociationAC(ac)).await.is_err() {
        return tracing::info!(peer = %from, "a connection broke before its association");
    }
    let sender = sender.unwrap_or_default();
    tracing::debug!(peer = %from, sender, "association established");
    Session::new(wire, from, peer, (called, sender), contexts, context).serve().await;
}
