//! Storage commitment over an Association that we established: asking for it, and reporting it.

use super::command::{self, Command, EventReport};
use super::commitment::{
    Commitment, MAX_DATA_SET_BYTES, PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST, Vr,
};
use super::store_scu::{Peer, ScuError, StoreAssociation};
use super::syntaxes::{EXPLICIT_VR_LE, IMPLICIT_VR_LE};
use dicom_ul::pdu::PDataValueType;
use std::time::Duration;

/// A result that the peer reported, to be answered once it is recorded.
pub struct Report {
    context_id: u8,
    rq: EventReport,
    pub commitment: Commitment,
}

impl StoreAssociation {
    /// An Association for storage commitment alone; `as_provider` to report results.
    pub async fn for_commitment(peer: &Peer, as_provider: bool) -> Result<Self, ScuError> {
        let pairs = [EXPLICIT_VR_LE, IMPLICIT_VR_LE].map(|ts| (PUSH_MODEL.into(), ts.into()));
        let roles = as_provider.then_some(PUSH_MODEL);
        Self::establish_as(peer, &pairs, roles).await
    }

    /// N-ACTION: asks to keep what `commitment` refers to; the status of the response.
    pub async fn request_commitment(&mut self, commitment: &Commitment) -> Result<u16, ScuError> {
        let (context, vr) = self.commitment_context()?;
        let message_id = self.take_message_id();
        let rq = command::n_action_rq(message_id, PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST);
        self.send_command(context, rq).await?;
        self.send_data_set(context, &mut &commitment.write(vr)[..]).await?;
        loop {
            match self.receive_command().await? {
                Command::NActionRsp { message_id: answered, status } if answered == message_id => {
                    return Ok(status);
                }
                // Some report before they respond.
                Command::NEventReportRq(rq) if self.early.is_none() => {
                    self.early = Some(self.report_of(context, vr, rq).await?);
                }
                _ => return Err(ScuError::Protocol),
            }
        }
    }

    /// Waits for an N-EVENT-REPORT on this Association; none within `wait` is no error.
    pub async fn wait_for_report(&mut self, wait: Duration) -> Result<Option<Report>, ScuError> {
        if let Some(early) = self.early.take() {
            return Ok(Some(early));
        }
        let (context_id, vr) = self.commitment_context()?;
        let Ok(received) = tokio::time::timeout(wait, self.receive_pdvs()).await else {
            return Ok(None);
        };
        let (kind, first) = match received {
            Err(ScuError::Released | ScuError::Connection) => return Ok(None),
            received => received?,
        };
        if kind != PDataValueType::Command {
            return Err(ScuError::Protocol);
        }
        let parsed = Command::parse(&first).map_err(|_| ScuError::Protocol)?;
        let Command::NEventReportRq(rq) = parsed else { return Err(ScuError::Protocol) };
        self.report_of(context_id, vr, rq).await.map(Some)
    }

    async fn report_of(
        &mut self,
        context_id: u8,
        vr: Vr,
        rq: EventReport,
    ) -> Result<Report, ScuError> {
        if !rq.has_data_set {
            return Err(ScuError::Protocol);
        }
        let data = tokio::time::timeout(self.timeout, self.receive_pdvs()).await;
        let (PDataValueType::Data, data) = data.map_err(|_| ScuError::Timeout)?? else {
            return Err(ScuError::Protocol);
        };
        let commitment = Commitment::parse(&data, vr).map_err(|_| ScuError::Protocol)?;
        Ok(Report { context_id, rq, commitment })
    }

    /// Answers a report; only after this does the peer forget it.
    pub async fn answer_report(&mut self, report: &Report, status: u16) -> Result<(), ScuError> {
        self.send_command(report.context_id, command::n_event_report_rsp(&report.rq, status)).await
    }

    /// N-EVENT-REPORT: tells a result; the status of the response.
    pub async fn report_commitment(&mut self, commitment: &Commitment) -> Result<u16, ScuError> {
        let (context, vr) = self.commitment_context()?;
        let message_id = self.take_message_id();
        let rq = command::n_event_report_rq(
            message_id,
            PUSH_MODEL,
            PUSH_MODEL_INSTANCE,
            commitment.event_type(),
        );
        self.send_command(context, rq).await?;
        self.send_data_set(context, &mut &commitment.write(vr)[..]).await?;
        match self.receive_command().await? {
            Command::NEventReportRsp { message_id: answered, status } if answered == message_id => {
                Ok(status)
            }
            _ => Err(ScuError::Protocol),
        }
    }

    fn commitment_context(&self) -> Result<(u8, Vr), ScuError> {
        let of = |ts, vr| self.context_for(PUSH_MODEL, ts).map(|context| (context, vr));
        of(EXPLICIT_VR_LE, Vr::Explicit)
            .or_else(|| of(IMPLICIT_VR_LE, Vr::Implicit))
            .ok_or(ScuError::NoContext)
    }

    /// The fragments of one command set or data set, joined.
    async fn receive_pdvs(&mut self) -> Result<(PDataValueType, Vec<u8>), ScuError> {
        let mut bytes = Vec::new();
        loop {
            let value = self.next_value().await?;
            bytes.extend(value.data);
            if bytes.len() > MAX_DATA_SET_BYTES {
                return Err(ScuError::Protocol);
            }
            if value.is_last {
                return Ok((value.value_type, bytes));
            }
        }
    }
}
