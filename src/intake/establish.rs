//! From a connection to an Association: TLS, the request, who may come in.
//!
//! Invariant: until a peer is let in, it costs one PDU of memory and `accept_timeout_ms`.

use super::Context;
use super::access::Admitted;
use super::association::Session;
use super::negotiate::{Offer, Rejection, Request};
use super::object::printable;
use super::peers::{Peer, Place, Waiting};
use super::wire::{Broken, Wire};
use crate::tls::Certificate;
use dicom_ul::pdu::{AbortRQServiceProviderReason as Abort, AssociationRQ, Pdu};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
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
    let refused = |why: &str| {
        context.tally.refused_connection();
        tracing::info!(peer = %from, "a connection was refused: {why}");
    };
    let mut stopping = context.stopping.clone();
    let arriving = async {
        let (wire, certificate, rq) =
            open(socket, from, in_tls, context).await.map_err(Arrival::Refused)?;
        match admit(rq, from, certificate.as_ref(), context).await {
            Ok(guest) => Ok((wire, guest)),
            Err(rejection) => Err(Arrival::Rejected(wire, rejection)),
        }
    };
    let arrived = tokio::select! {
        arrived = tokio::time::timeout(limit, arriving) => arrived,
        () = waiting.made_way() => return refused("it asked for nothing, and others came"),
        _ = stopping.wait_for(|stop| *stop) => return refused("the gateway stops"),
    };
    match arrived {
        Ok(Ok((wire, guest))) => {
            drop(waiting);
            establish(wire, from, guest, context).await;
        }
        Ok(Err(Arrival::Rejected(mut wire, rejection))) => {
            context.tally.rejected(rejection);
            let _ = wire.send(&Pdu::AssociationRJ(rejection.pdu())).await;
            tokio::select! {
                () = wire.close() => {}
                () = waiting.made_way() => {}
            }
        }
        Ok(Err(Arrival::Refused(why))) => refused(&why),
        Err(_) => refused("no A-ASSOCIATE-RQ within accept_timeout_ms"),
    }
}

/// How a connection ends before it is an Association.
enum Arrival {
    /// Why; it is told nothing.
    Refused(String),
    Rejected(Wire, Rejection),
}

/// Who was let in.
struct Guest {
    request: Request,
    admitted: Admitted,
    peer: Peer,
    _place: Place,
}

/// The first PDU, through TLS where that is spoken.
async fn open(
    socket: TcpStream,
    from: SocketAddr,
    in_tls: bool,
    context: &Context,
) -> Result<(Wire, Option<Certificate>, AssociationRQ), String> {
    let timeout = Duration::from_millis(context.config.idle_timeout_ms);
    let max_pdu_bytes = context.config.max_pdu_bytes;
    let (mut wire, certificate) = if in_tls {
        let acceptor = context.access.borrow().tls.clone();
        let acceptor = acceptor.ok_or("this port speaks TLS, and has no certificate")?;
        let accepted = acceptor.accept(socket).await;
        if let Err(why) = &accepted {
            context.alarm.unauthenticated(&context.spool, from, why, now_ms()).await;
        }
        let (stream, certificate) = accepted?;
        (Wire::new(stream, max_pdu_bytes, timeout), certificate)
    } else if starts_in_tls(&socket).await {
        return Err("it speaks TLS, and this port does not".into());
    } else {
        (Wire::new(socket, max_pdu_bytes, timeout), None)
    };
    match wire.receive_request().await {
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
) -> Result<Guest, Rejection> {
    let (calling, called) = (printable(&rq.calling_ae_title), printable(&rq.called_ae_title));
    let deciding = async {
        let request = Request::new(rq)?;
        let access = context.access.borrow().clone();
        let (ip, reporters) = (from.ip(), &context.reporters);
        let admitted = access.decide(&request, ip, certificate, reporters).await?;
        // By what was checked: a title that anybody may choose would buy places.
        let name = match &admitted {
            Admitted::Sender { name, .. } => name.clone(),
            Admitted::Anybody | Admitted::Reporter => String::new(),
        };
        let peer = (ip, name);
        let place = context.peers.associate(&peer).ok_or(Rejection::Busy)?;
        Ok(Guest { request, admitted, peer, _place: place })
    };
    let decided: Result<Guest, Rejection> = deciding.await;
    if let Err(rejection) = &decided {
        let reason = rejection.code();
        tracing::warn!(peer = %from, calling, called, reason, "an association was rejected");
        let titles = (calling.as_str(), called.as_str());
        context.alarm.rejected(&context.spool, from, titles, *rejection, now_ms()).await;
    }
    decided
}

async fn establish(mut wire: Wire, from: SocketAddr, guest: Guest, context: &Context) {
    let Guest { request, admitted, peer, _place } = guest;
    let config = &context.config;
    let titles = (request.calling_ae_title.clone(), request.called_ae_title.clone());
    let reports = config.storage_commitment || !context.reporters.is_empty();
    let offer = Offer {
        storage: admitted != Admitted::Reporter,
        commitment: reports,
        user_was_checked: matches!(admitted, Admitted::Sender { user_was_checked: true, .. }),
    };
    let (ac, contexts) = request.accept(config.max_pdu_bytes, offer);
    if wire.send(&Pdu::AssociationAC(ac)).await.is_err() {
        return tracing::info!(peer = %from, "a connection broke before its association");
    }
    tracing::debug!(peer = %from, sender = peer.1, "association established");
    let _running = context.tally.begin();
    Session::new(wire, from, peer, titles, contexts, context).serve().await;
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
