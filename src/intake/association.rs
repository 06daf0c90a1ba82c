//! One Association: C-ECHO, C-STORE and storage commitment, until release or abort.

use super::Context;
use super::commitment::Message;
use super::negotiate::Context as PresentationContext;
use super::object::ReceivedObject;
use super::peers::Peer;
use super::speed::Speed;
use super::wire::{Broken, Wire};
use crate::dimse::command::{self, CStoreRq, Command, MAX_COMMAND_BYTES};
use crate::dimse::commitment::PUSH_MODEL;
use crate::dimse::{status, syntaxes};
use crate::spool::{IncomingFile, NewOriginal};
use dicom_ul::pdu::{AbortRQServiceProviderReason as Abort, PDataValue, PDataValueType, Pdu};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// Why an Association ends other than by release; none quotes the peer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Ended {
    #[error("the connection broke")]
    Connection,
    #[error("nothing came within idle_timeout_ms")]
    Idle,
    #[error("it took longer than association_timeout_ms")]
    Deadline,
    #[error("it sent less than min_bytes_per_s")]
    Slow,
    #[error("the sender aborted")]
    Aborted,
    #[error("a PDU out of place")]
    UnexpectedPdu,
    #[error("a command set that cannot be understood")]
    Command,
    #[error("a message in a presentation context that is not for it")]
    Context,
}

impl From<Broken> for Ended {
    fn from(_: Broken) -> Self {
        Self::Connection
    }
}

/// What a data set belongs to that is being received.
enum Incoming {
    Object(Box<ReceivedObject>),
    Commitment(Message),
}

/// An established Association.
pub struct Session<'a> {
    wire: Wire,
    from: SocketAddr,
    peer: Peer,
    calling: String,
    called: String,
    /// The accepted ones.
    contexts: BTreeMap<u8, PresentationContext>,
    context: &'a Context,
    speed: Speed,
    stored: u64,
    refused: u64,
}

impl<'a> Session<'a> {
    pub fn new(
        wire: Wire,
        from: SocketAddr,
        peer: Peer,
        (calling, called): (String, String),
        contexts: BTreeMap<u8, PresentationContext>,
        context: &'a Context,
    ) -> Self {
        let speed = Speed::default();
        Self { wire, from, peer, calling, called, contexts, context, speed, stored: 0, refused: 0 }
    }

    /// Serves it to its end.
    pub async fn serve(mut self) {
        let deadline = Duration::from_millis(self.context.config.association_timeout_ms);
        let ended = tokio::time::timeout(deadline, self.run()).await;
        let (from, sender, stored, refused) = (self.from, &self.peer.1, self.stored, self.refused);
        match ended.unwrap_or(Err(Ended::Deadline)) {
            Ok(()) => {
                tracing::info!(peer = %from, sender, stored, refused, "association released");
                self.wire.close().await;
            }
            Err(reason) => {
                tracing::warn!(
                    peer = %from, sender, stored, refused, %reason, "association ended"
                );
                self.wire.abort(Abort::ReasonNotSpecified).await;
            }
        }
    }

    /// Takes PDUs until the Association is released. An unfinished object is dropped with its file.
    async fn run(&mut self) -> Result<(), Ended> {
        let mut command_set = Vec::new();
        let mut object: Option<(u8, Incoming)> = None;
        loop {
            let began = Instant::now();
            let pdu = self.receive().await?;
            let is_unfinished = object.is_some() || !command_set.is_empty();
            match pdu {
                Pdu::PData { data } => {
                    let bytes = data.iter().map(|value| value.data.len() as u64).sum();
                    if is_unfinished {
                        self.check_speed(began.elapsed(), bytes)?;
                    }
                    for value in data {
                        self.value(value, &mut command_set, &mut object).await?;
                    }
                }
                Pdu::ReleaseRQ => {
                    return Ok(self.wire.send(&Pdu::ReleaseRP).await?);
                }
                Pdu::AbortRQ { .. } => return Err(Ended::Aborted),
                _ => return Err(Ended::UnexpectedPdu),
            }
        }
    }

    async fn value(
        &mut self,
        value: PDataValue,
        command_set: &mut Vec<u8>,
        object: &mut Option<(u8, Incoming)>,
    ) -> Result<(), Ended> {
        let context = value.presentation_context_id;
        match (value.value_type, object.as_mut()) {
            (PDataValueType::Data, Some((expected, received))) if *expected == context => {
                match received {
                    Incoming::Object(one) => {
                        one.fragment(&value.data, &self.context.config, &self.context.spool);
                    }
                    Incoming::Commitment(message) => message.fragment(&value.data),
                }
                match object.take_if(|_| value.is_last) {
                    Some((context, Incoming::Object(one))) => self.finish(context, *one).await,
                    Some((context, Incoming::Commitment(message))) => {
                        let Context { config, reporters, spool, .. } = self.context;
                        let calling = &self.calling;
                        let answered = message.finish(calling, config, reporters, spool, now_ms());
                        let rsp = answered.await;
                        self.respond(context, rsp).await
                    }
                    None => Ok(()),
                }
            }
            (PDataValueType::Command, None) => {
                command_set.extend(&value.data);
                if command_set.len() > MAX_COMMAND_BYTES {
                    return Err(Ended::Command);
                }
                if value.is_last {
                    let command = Command::parse(command_set).map_err(|_| Ended::Command)?;
                    command_set.clear();
                    *object = self.command(context, command).await?.map(|o| (context, o));
                }
                Ok(())
            }
            _ => Err(Ended::UnexpectedPdu),
        }
    }

    async fn command(&mut self, context: u8, command: Command) -> Result<Option<Incoming>, Ended> {
        let PresentationContext { abstract_syntax, transfer_syntax } =
            self.contexts.get(&context).cloned().ok_or(Ended::Context)?;
        // What a peer was let in for is in its contexts: no message may be of another service.
        let is_of_service = match &command {
            Command::CStoreRq(_) => syntaxes::is_storage(&abstract_syntax),
            Command::NEventReportRq(_) | Command::NActionRq(_) => abstract_syntax == PUSH_MODEL,
            _ => true,
        };
        if !is_of_service {
            return Err(Ended::Context);
        }
        match command {
            Command::CEchoRq { message_id, sop_class_uid } => {
                let rsp = command::c_echo_rsp(message_id, &sop_class_uid, status::SUCCESS);
                self.respond(context, rsp).await?;
                Ok(None)
            }
            Command::CStoreRq(rq) if !rq.has_data_set => {
                tracing::warn!(peer = %self.from, "an object was refused: it has no data set");
                self.refused += 1;
                self.context.tally.refused(status::CANNOT_UNDERSTAND);
                self.answer(context, &rq, status::CANNOT_UNDERSTAND).await?;
                Ok(None)
            }
            Command::CStoreRq(rq) => {
                let Context { config, spool, peers, .. } = self.context;
                while let Err(wait_ms) = peers.begin(&self.peer, now_ms()) {
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
                let object = ReceivedObject::start(rq, &transfer_syntax, config, spool);
                Ok(Some(Incoming::Object(Box::new(object))))
            }
            Command::NEventReportRq(rq) if rq.has_data_set => {
                Ok(Some(Incoming::Commitment(Message::result(rq, &transfer_syntax))))
            }
            Command::NActionRq(rq) if rq.has_data_set => {
                Ok(Some(Incoming::Commitment(Message::request(rq, &transfer_syntax))))
            }
            // A data set would follow that nobody could tell from the next command.
            Command::Other { has_data_set: true, .. } => Err(Ended::Command),
            Command::Other { field, message_id, .. } => {
                let unsupported = status::UNRECOGNIZED_OPERATION;
                let rsp = command::unsupported_rsp(field, message_id, unsupported);
                self.respond(context, rsp).await?;
                Ok(None)
            }
            Command::NEventReportRq(_) | Command::NActionRq(_) => Err(Ended::Command),
            Command::CEchoRsp { .. }
            | Command::CStoreRsp { .. }
            | Command::NActionRsp { .. }
            | Command::NEventReportRsp { .. } => Err(Ended::Command),
        }
    }

    async fn finish(&mut self, context: u8, object: ReceivedObject) -> Result<(), Ended> {
        let (rq, status) = match object.finish(&self.calling, &self.called, self.from.to_string()) {
            Ok((rq, file, original)) => {
                let status = self.accept(file, original).await;
                (rq, status)
            }
            Err((rq, refusal)) => {
                let status = format!("{:04X}", refusal.status);
                tracing::warn!(peer = %self.from, status, "an object was refused: {}", refusal.why);
                (rq, refusal.status)
            }
        };
        if status == status::SUCCESS {
            self.stored += 1;
        } else {
            self.refused += 1;
            self.context.tally.refused(status);
        }
        self.answer(context, &rq, status).await
    }

    async fn accept(&self, file: IncomingFile, original: NewOriginal) -> u16 {
        let bytes = file.bytes();
        self.context.peers.received(&self.peer, bytes, now_ms());
        match self.context.spool.accept(file, original, now_ms()).await {
            Ok(accepted) => {
                self.context.tally.stored(bytes);
                tracing::debug!(peer = %self.from, bytes, ?accepted, "an object was stored");
                status::SUCCESS
            }
            Err(error) => {
                tracing::error!(%error, "an object could not be stored");
                status::OUT_OF_RESOURCES
            }
        }
    }

    async fn answer(&mut self, context: u8, rq: &CStoreRq, status: u16) -> Result<(), Ended> {
        self.respond(context, command::c_store_rsp(rq, status)).await
    }

    async fn respond(&mut self, context: u8, data: Vec<u8>) -> Result<(), Ended> {
        let value = PDataValue {
            presentation_context_id: context,
            value_type: PDataValueType::Command,
            is_last: true,
            data,
        };
        Ok(self.wire.send(&Pdu::PData { data: vec![value] }).await?)
    }

    async fn receive(&mut self) -> Result<Pdu, Ended> {
        let idle = Duration::from_millis(self.context.config.idle_timeout_ms);
        let received = tokio::time::timeout(idle, self.wire.receive()).await;
        Ok(received.map_err(|_| Ended::Idle)??)
    }

    fn check_speed(&mut self, waited: Duration, bytes: u64) -> Result<(), Ended> {
        let least = self.context.config.min_bytes_per_s;
        self.speed.is_enough(waited, bytes, least).then_some(()).ok_or(Ended::Slow)
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
