//! One Association: negotiation, C-ECHO, C-STORE, release or abort.

use super::commitment::{Message, Reporter, Roles};
use super::object::ReceivedObject;
use crate::config::Intake;
use crate::dimse::command::{self, CStoreRq, Command, MAX_COMMAND_BYTES};
use crate::dimse::commitment::PUSH_MODEL;
use crate::dimse::{status, syntaxes};
use crate::spool::{IncomingFile, LocalSpool, NewOriginal};
use dicom_ul::association::Association;
use dicom_ul::association::server::{AsyncServerAssociation, ServerAssociationOptions};
use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu, PresentationContextResultReason};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;

/// Why an Association ends other than by release; none quotes the peer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Ended {
    #[error("the connection broke")]
    Connection,
    #[error("nothing came within idle_timeout_ms")]
    Idle,
    #[error("the sender aborted")]
    Aborted,
    #[error("a PDU out of place")]
    UnexpectedPdu,
    #[error("a command set that cannot be understood")]
    Command,
    #[error("a fragment in an unknown presentation context")]
    Context,
}

/// Serves one connection to its end.
pub async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    config: &Intake,
    reporters: &[Reporter],
    spool: &LocalSpool,
) {
    let _ = socket.set_nodelay(true);
    let accept_timeout = Duration::from_millis(config.accept_timeout_ms);
    let mut options = ServerAssociationOptions::new()
        .accept_any()
        .ae_title(config.ae_title.as_str())
        .max_pdu_length(config.max_pdu_bytes)
        .strict(true)
        .write_timeout(Duration::from_millis(config.idle_timeout_ms))
        .with_negotiation(Roles)
        .with_abstract_syntax(syntaxes::VERIFICATION);
    if config.storage_commitment || !reporters.is_empty() {
        options = options.with_abstract_syntax(PUSH_MODEL);
    }
    for uid in syntaxes::storage_sop_classes() {
        options = options.with_abstract_syntax(uid);
    }
    for uid in syntaxes::transfer_syntaxes() {
        options = options.with_transfer_syntax(uid);
    }
    let established = tokio::time::timeout(accept_timeout, options.establish_async(socket)).await;
    let Ok(Ok(association)) = established else {
        tracing::info!(%peer, "a connection that did not become an association");
        return;
    };
    let mut session =
        Session { association, peer, config, reporters, spool, stored: 0, refused: 0 };
    tracing::debug!(%peer, "association established");
    let deadline = Duration::from_millis(config.association_timeout_ms);
    let ended = tokio::time::timeout(deadline, session.run()).await.unwrap_or(Err(Ended::Idle));
    let (stored, refused) = (session.stored, session.refused);
    match ended {
        Ok(()) => tracing::info!(%peer, stored, refused, "association released"),
        Err(reason) => {
            tracing::warn!(%peer, stored, refused, %reason, "association ended");
            let abort = session.association.abort();
            let _ = tokio::time::timeout(accept_timeout, abort).await;
        }
    }
}

/// What a data set belongs to that is being received.
enum Incoming {
    Object(Box<ReceivedObject>),
    Commitment(Message),
}

struct Session<'a> {
    association: AsyncServerAssociation<TcpStream>,
    peer: SocketAddr,
    config: &'a Intake,
    reporters: &'a [Reporter],
    spool: &'a LocalSpool,
    stored: u64,
    refused: u64,
}

impl Session<'_> {
    /// Takes PDUs until the Association is released. An unfinished object is dropped with its file.
    async fn run(&mut self) -> Result<(), Ended> {
        let mut command_set = Vec::new();
        let mut object: Option<(u8, Incoming)> = None;
        loop {
            match self.receive().await? {
                Pdu::PData { data } => {
                    for value in data {
                        self.value(value, &mut command_set, &mut object).await?;
                    }
                }
                Pdu::ReleaseRQ => {
                    return self.send(&Pdu::ReleaseRP).await;
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
                    Incoming::Object(one) => one.fragment(&value.data, self.config, self.spool),
                    Incoming::Commitment(message) => message.fragment(&value.data),
                }
                match object.take_if(|_| value.is_last) {
                    Some((context, Incoming::Object(one))) => self.finish(context, *one).await,
                    Some((context, Incoming::Commitment(message))) => {
                        let calling = Association::peer_ae_title(&self.association).to_owned();
                        let (config, reporters) = (self.config, self.reporters);
                        let answered =
                            message.finish(&calling, config, reporters, self.spool, now_ms());
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
        let transfer_syntax = self.transfer_syntax(context).ok_or(Ended::Context)?;
        match command {
            Command::CEchoRq { message_id, sop_class_uid } => {
                let rsp = command::c_echo_rsp(message_id, &sop_class_uid, status::SUCCESS);
                self.respond(context, rsp).await?;
                Ok(None)
            }
            Command::CStoreRq(rq) if !rq.has_data_set => {
                tracing::warn!(peer = %self.peer, "an object was refused: it has no data set");
                self.refused += 1;
                self.answer(context, &rq, status::CANNOT_UNDERSTAND).await?;
                Ok(None)
            }
            Command::CStoreRq(rq) => {
                let object = ReceivedObject::start(rq, &transfer_syntax, self.config, self.spool);
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
        let (calling, called) = {
            let calling = Association::peer_ae_title(&self.association).to_owned();
            (calling, self.association.called_ae_title().to_owned())
        };
        let (rq, status) = match object.finish(&calling, &called, self.peer.to_string()) {
            Ok((rq, file, original)) => {
                let status = self.accept(file, original).await;
                (rq, status)
            }
            Err((rq, refusal)) => {
                let status = format!("{:04X}", refusal.status);
                tracing::warn!(peer = %self.peer, status, "an object was refused: {}", refusal.why);
                (rq, refusal.status)
            }
        };
        if status == status::SUCCESS {
            self.stored += 1;
        } else {
            self.refused += 1;
        }
        self.answer(context, &rq, status).await
    }

    async fn accept(&self, file: IncomingFile, original: NewOriginal) -> u16 {
        let bytes = file.bytes();
        match self.spool.accept(file, original, now_ms()).await {
            Ok(accepted) => {
                tracing::debug!(peer = %self.peer, bytes, ?accepted, "an object was stored");
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
        self.send(&Pdu::PData { data: vec![value] }).await
    }

    async fn send(&mut self, pdu: &Pdu) -> Result<(), Ended> {
        self.association.send(pdu).await.map_err(|_| Ended::Connection)
    }

    async fn receive(&mut self) -> Result<Pdu, Ended> {
        let idle = Duration::from_millis(self.config.idle_timeout_ms);
        let received = tokio::time::timeout(idle, self.association.receive()).await;
        received.map_err(|_| Ended::Idle)?.map_err(|_| Ended::Connection)
    }

    fn transfer_syntax(&self, context: u8) -> Option<String> {
        let mut contexts = self.association.presentation_contexts().iter();
        let found = contexts
            .find(|c| c.id == context && c.reason == PresentationContextResultReason::Acceptance);
        found.map(|c| c.transfer_syntax.trim_end_matches(['\0', ' ']).to_owned())
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
