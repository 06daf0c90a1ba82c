//! Hands the deliveries of one destination to its lanes, and records what becomes of them.
//!
//! Invariants: a delivery is in one lane at most; every attempt is recorded before its lane takes
//! another; while a destination is paused, outside its windows or in trouble, nothing new begins.

use super::commit::{self, Asked};
use super::crowd::{Crowd, Verdict};
use super::health::Health;
use super::lane::{Attempt, Lane};
use super::negotiate::Pair;
use super::pause::{pause_ms, random};
use super::{Decode, Sent};
use crate::config::{Destination, is_open};
use crate::deid::hold::{Hold, HoldReason};
use crate::durations::StepDurations;
use crate::pace::Pace;
use crate::spool::{DestinationControl, LocalSpool, PendingDelivery, SpoolError, UnixMs};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};

/// Deliveries taken from the spool at once; one negotiation serves them.
const BATCH: usize = 64;
/// The spool is looked at this often even when nothing signals: a person may have decided.
const POLL: Duration = Duration::from_secs(1);
/// An Association without work is released after so long: a new object negotiates again.
const IDLE: Duration = Duration::from_millis(500);
/// What was stored is gathered for so long before the destination is asked to commit to it.
const GATHER_MS: i64 = 1_000;
/// How long attempts may go on once the gateway is stopping.
const DRAIN: Duration = Duration::from_secs(20);

type Done = (Lane, PendingDelivery, Attempt);

/// Delivers to one destination until `shutdown` turns true.
pub async fn run(
    destination: Destination,
    spool: Arc<LocalSpool>,
    decode: Arc<dyn Decode>,
    durations: StepDurations,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut changed = spool.deliveries_changed.subscribe();
    let mut dispatcher = Dispatcher::new(destination, spool, decode, durations);
    while !*shutdown.borrow() {
        changed.mark_unchanged();
        let wait = match dispatcher.step().await {
            Ok(wait) => wait,
            Err(error) => {
                let destination = &dispatcher.destination.name;
                tracing::error!(destination, %error, "cannot deliver");
                POLL
            }
        };
        let done = tokio::select! {
            done = dispatcher.busy.join_next_with_id(), if !dispatcher.busy.is_empty() => done,
            _ = changed.changed() => None,
            () = tokio::time::sleep(wait) => None,
            _ = shutdown.changed() => None,
        };
        if let Some(done) = done {
            dispatcher.done(done).await;
        }
    }
    dispatcher.drain().await;
}

struct Dispatcher {
    destination: Destination,
    spool: Arc<LocalSpool>,
    decode: Arc<dyn Decode>,
    durations: StepDurations,
    health: Health,
    pace: Pace,
    control: DestinationControl,
    control_read: Option<Instant>,
    queue: VecDeque<PendingDelivery>,
    batch: Arc<BTreeSet<Pair>>,
    idle: Vec<Lane>,
    busy: JoinSet<Done>,
    in_flight: HashMap<Id, PendingDelivery>,
    quiet_since: Option<Instant>,
    /// While the spool does not record, nothing new begins.
    stalled_until: Option<Instant>,
    crowd: Crowd,
    asking: Option<JoinHandle<Result<Asked, SpoolError>>>,
    asked_at: Option<Instant>,
    ask_failures: u32,
    /// What was being sent when an earlier process died may be there.
    started_ms: UnixMs,
}

impl Dispatcher {
    fn new(
        destination: Destination,
        spool: Arc<LocalSpool>,
        decode: Arc<dyn Decode>,
        durations: StepDurations,
    ) -> Self {
        let lane = |_| Lane::new(&destination, &decode);
        let lanes = (0..Lane::count(&destination)).map(lane).collect();
        Self {
            decode,
            durations,
            health: Health::default(),
            pace: Pace::new(destination.max_objects_per_s, destination.max_bytes_per_s),
            control: DestinationControl::default(),
            control_read: None,
            queue: VecDeque::new(),
            batch: Arc::default(),
            idle: lanes,
            busy: JoinSet::new(),
            in_flight: HashMap::new(),
            quiet_since: None,
            stalled_until: None,
            crowd: Crowd::default(),
            asking: None,
            asked_at: None,
            ask_failures: 0,
            started_ms: now_ms(),
            destination,
            spool,
        }
    }

    /// Starts what may start; how long nothing more will, if nothing happens.
    async fn step(&mut self) -> Result<Duration, SpoolError> {
        self.read_control().await?;
        if self.stalled_until.is_some_and(|until| until > Instant::now()) {
            return Ok(POLL);
        }
        let now = now_ms();
        if self.control.paused || !is_open(&self.destination.windows_utc, now) {
            self.rest().await;
            return Ok(POLL);
        }
        self.ask_to_commit().await;
        if let Some(next) = self.health.closed_until(now) {
            self.rest().await;
            return Ok(POLL.min(until(next, now)));
        }
        while self.has_room() {
            let wait_ms = self.pace.wait_ms(now_ms());
            if wait_ms > 0 {
                return Ok(POLL.min(Duration::from_millis(wait_ms)));
            }
            let Some(delivery) = self.take().await? else { return self.quiet().await };
            self.start(delivery);
        }
        Ok(POLL)
    }

    /// A destination in trouble gets one attempt, and the others when that went well.
    fn has_room(&self) -> bool {
        let limit = if self.health.is_on_trial() { 1 } else { self.crowd.limit() };
        !self.idle.is_empty() && self.busy.len() < limit
    }

    async fn read_control(&mut self) -> Result<(), SpoolError> {
        if self.control_read.is_some_and(|at| at.elapsed() < POLL) {
            return Ok(());
        }
        let control = self.spool.destination_control(&self.destination.name).await?;
        if self.control_read.is_none() {
            // What an earlier process found of it is to be found again.
            self.spool.note_destination(&self.destination.name, None).await?;
            if !self.destination.commitment {
                self.spool.forget_uncommitted(&self.destination.name).await?;
            }
        } else {
            let name = &self.destination.name;
            if control.paused != self.control.paused {
                let paused = control.paused;
                tracing::info!(destination = name, paused, "a person paused or resumed it");
            }
            if control.retry_ms != self.control.retry_ms {
                tracing::info!(destination = name, "a person asked to try again");
                self.health.try_now(now_ms());
            }
        }
        self.control = control;
        self.control_read = Some(Instant::now());
        Ok(())
    }

    async fn take(&mut self) -> Result<Option<PendingDelivery>, SpoolError> {
        if self.queue.is_empty() {
            let claimed = self.in_flight.values().map(|delivery| delivery.id).collect();
            let name = &self.destination.name;
            // the jitter is a quarter at most
            let longest_ms = self.destination.retry_max_ms.saturating_mul(2);
            let due = self.spool.due_deliveries(name, BATCH, claimed, now_ms(), longest_ms).await?;
            let pair = |due: &PendingDelivery| {
                (due.sop_class_uid.clone(), due.transfer_syntax_uid.clone())
            };
            self.batch = Arc::new(due.iter().map(pair).collect());
            self.queue = due.into();
        }
        Ok(self.queue.pop_front())
    }

    fn start(&mut self, delivery: PendingDelivery) {
        let open = self.idle.iter().position(Lane::is_open).unwrap_or(0);
        let mut lane = self.idle.swap_remove(open);
        self.quiet_since = None;
        self.pace.sent(delivery.bytes, now_ms());
        let (spool, batch) = (Arc::clone(&self.spool), Arc::clone(&self.batch));
        let (claimed, durations) = (delivery.clone(), self.durations.clone());
        let task = self.busy.spawn(async move {
            let attempt = durations.of("send", lane.deliver(&spool, &delivery, &batch)).await;
            (lane, delivery, attempt)
        });
        self.in_flight.insert(task.id(), claimed);
    }

    /// Nothing is due: Associations are released after a while, also while others are in use, which a
    /// destination that takes one at a time may be waiting for; when something may be due.
    async fn quiet(&mut self) -> Result<Duration, SpoolError> {
        let since = *self.quiet_since.get_or_insert_with(Instant::now);
        let open = self.idle.iter().any(Lane::is_open);
        if open && since.elapsed() < IDLE {
            return Ok(IDLE.saturating_sub(since.elapsed()));
        }
        self.release().await;
        if !self.busy.is_empty() {
            return Ok(POLL);
        }
        self.crowd.forget_limit();
        let due = self.spool.next_due(&self.destination.name).await?;
        Ok(due.map_or(POLL, |due| until(due, now_ms())).min(POLL))
    }

    /// Nothing may begin: what was taken goes back, and Associations end.
    async fn rest(&mut self) {
        self.queue.clear();
        self.release().await;
    }

    async fn release(&mut self) {
        for lane in &mut self.idle {
            lane.release().await;
        }
    }

    async fn done(&mut self, done: Result<(Id, Done), JoinError>) {
        let (id, attempt) = match done {
            Ok((id, (lane, _, attempt))) => {
                self.idle.push(lane);
                (id, attempt)
            }
            Err(error) => {
                self.idle.push(Lane::new(&self.destination, &self.decode));
                let why = "the attempt stopped unexpectedly";
                (error.id(), Attempt::Ended(Sent::TryLater { status: None, why }))
            }
        };
        let Some(delivery) = self.in_flight.remove(&id) else { return };
        if let Err(error) = self.record(&delivery, attempt).await {
            let (job, destination) = (delivery.job, &self.destination.name);
            tracing::error!(job, destination, %error, "an attempt could not be recorded");
            // It would be sent again at once, and again: the spool needs time to recover.
            self.queue.clear();
            self.stalled_until = Some(Instant::now() + POLL);
        }
    }

    async fn record(
        &mut self,
        delivery: &PendingDelivery,
        attempt: Attempt,
    ) -> Result<(), SpoolError> {
        let job = delivery.job;
        let sent = match attempt {
            Attempt::Ended(sent) => sent,
            Attempt::Gone => return Ok(()),
            Attempt::Spool(error) => return Err(error),
            Attempt::Damaged => {
                tracing::error!(job, "a stored result is damaged: held");
                let detail = "the stored result is gone or has another digest";
                let hold = Hold::new(HoldReason::StorageDamaged, detail);
                return self.spool.hold(job, hold, now_ms()).await;
            }
        };
        match sent {
            Sent::Delivered { status } => self.delivered(delivery, status).await,
            Sent::Duplicate { status, again } => self.duplicate(delivery, status, again).await,
            Sent::Refused { status, why } => {
                self.answered().await?;
                self.refuse(delivery, status, why.to_owned()).await
            }
            Sent::TryLater { status, why } => self.try_later(delivery, status, why).await,
            // Some destinations let a second Association wait until the first has ended.
            Sent::Unreachable { why } if !self.busy.is_empty() => {
                self.turned_away(delivery, why).await
            }
            Sent::Unreachable { why } => self.unreachable(delivery, why).await,
            Sent::TurnedAway { why } => self.turned_away(delivery, why).await,
        }
    }

    /// No Association: because there are others, because of what this one was for, or for anybody.
    async fn turned_away(
        &mut self,
        delivery: &PendingDelivery,
        why: &'static str,
    ) -> Result<(), SpoolError> {
        let open = self.idle.iter().filter(|lane| lane.is_open()).count();
        let others = self.busy.len() + open;
        match self.crowd.turned_away(delivery.id, others) {
            Verdict::Crowded => {
                let destination = &self.destination.name;
                tracing::info!(destination, others, "it takes no further association");
                Ok(())
            }
            Verdict::Unwanted => {
                let why = "the destination rejects the association for this SOP class alone";
                self.refuse(delivery, None, why.to_owned()).await
            }
            Verdict::Unknown => self.unreachable(delivery, why).await,
        }
    }

    async fn delivered(
        &mut self,
        delivery: &PendingDelivery,
        status: u16,
    ) -> Result<(), SpoolError> {
        let (job, destination, now) = (delivery.job, &self.destination.name, now_ms());
        if self.destination.commitment {
            self.spool.stored(delivery.id, status, now + GATHER_MS, now).await?;
            tracing::info!(job, destination, "stored, to be committed");
        } else {
            self.spool.delivered(delivery.id, status, now).await?;
            tracing::info!(job, destination, "delivered");
        }
        self.answered().await
    }

    /// Where that is configured: one transaction at a time, and at most one a second.
    async fn ask_to_commit(&mut self) {
        if !self.destination.commitment || self.asked_at.is_some_and(|at| at.elapsed() < POLL) {
            return;
        }
        if let Some(asking) = self.asking.take_if(|asking| asking.is_finished()) {
            self.note_asked(asking.await);
        }
        if self.asking.is_none() {
            self.asked_at = Some(Instant::now());
            let (of, spool) = (self.destination.clone(), Arc::clone(&self.spool));
            let failures = self.ask_failures;
            self.asking = Some(tokio::spawn(async move {
                commit::request(&of, &spool, failures, now_ms()).await
            }));
        }
    }

    fn note_asked(&mut self, asked: Result<Result<Asked, SpoolError>, JoinError>) {
        let destination = &self.destination.name;
        match asked {
            Ok(Ok(Asked::Nothing)) => {}
            Ok(Ok(Asked::Yes)) => self.ask_failures = 0,
            Ok(Ok(Asked::No { why, status })) => {
                self.ask_failures = self.ask_failures.saturating_add(1);
                let status = status.map(|status| format!("{status:04X}"));
                tracing::warn!(destination, why, status, "it was not asked to commit");
            }
            Ok(Err(error)) => tracing::error!(destination, %error, "cannot ask to commit"),
            Err(_) => tracing::error!(destination, "asking to commit stopped unexpectedly"),
        }
    }

    /// It has an object of this UID. That is ours if we may have sent it before, and nothing else
    /// goes there under the same UID.
    async fn duplicate(
        &mut self,
        delivery: &PendingDelivery,
        status: u16,
        again: bool,
    ) -> Result<(), SpoolError> {
        let may_be_ours = again || delivery.attempts > 0 || delivery.ready_ms < self.started_ms;
        if may_be_ours && !self.spool.has_rival(delivery.id).await? {
            return self.delivered(delivery, status).await;
        }
        self.answered().await?;
        let why = "the destination has another object of this SOP Instance UID".to_owned();
        self.refuse(delivery, Some(status), why).await
    }

    async fn try_later(
        &mut self,
        delivery: &PendingDelivery,
        status: Option<u16>,
        why: &'static str,
    ) -> Result<(), SpoolError> {
        let (of, now) = (&self.destination, now_ms());
        let tried_ms = delivery.first_ms.map_or(0, |first| now.saturating_sub(first));
        if u64::try_from(tried_ms).unwrap_or(0) >= of.give_up_after_s.saturating_mul(1_000) {
            let why = format!("{why}, tried for {} s", tried_ms / 1_000);
            return self.refuse(delivery, status, why).await;
        }
        let pause = pause_ms(of.retry_min_ms, of.retry_max_ms, delivery.attempts, random());
        let next_ms = now.saturating_add_unsigned(pause);
        let (job, destination) = (delivery.job, &of.name);
        let status_hex = status.map(|status| format!("{status:04X}"));
        tracing::warn!(job, destination, status = status_hex, why, "will try later");
        self.spool.try_later(delivery.id, status, next_ms, now).await?;
        match self.health.declined(of, now, random()) {
            Some(next_ms) => self.trouble(why, next_ms).await,
            None => Ok(()),
        }
    }

    /// The delivery gives way, lest it is the one that makes the destination turn us away.
    async fn unreachable(
        &mut self,
        delivery: &PendingDelivery,
        why: &'static str,
    ) -> Result<(), SpoolError> {
        let now = now_ms();
        match self.health.unreachable(&self.destination, now, random()) {
            Some(next_ms) => {
                self.spool.postpone(delivery.id, next_ms).await?;
                self.trouble(why, next_ms).await
            }
            None => Ok(()),
        }
    }

    async fn trouble(&mut self, why: &'static str, next_ms: UnixMs) -> Result<(), SpoolError> {
        self.queue.clear();
        let (destination, pause_ms) = (&self.destination.name, next_ms - now_ms());
        tracing::warn!(destination, why, pause_ms, "unreachable, or takes nothing");
        self.spool.note_destination(destination, Some((why, next_ms))).await
    }

    async fn answered(&mut self) -> Result<(), SpoolError> {
        self.crowd.answered();
        if !self.health.answered() {
            return Ok(());
        }
        tracing::info!(destination = self.destination.name, "it is well again");
        self.spool.note_destination(&self.destination.name, None).await
    }

    async fn refuse(
        &mut self,
        delivery: &PendingDelivery,
        status: Option<u16>,
        why: String,
    ) -> Result<(), SpoolError> {
        let (job, name) = (delivery.job, &self.destination.name);
        let answer = status.map_or(String::new(), |status| format!(" (status {status:04X})"));
        let detail = format!("destination {name}: {why}{answer}");
        tracing::warn!(job, detail, "refused: held");
        self.spool.refused(delivery.id, status, detail, now_ms()).await
    }

    /// What is being sent may end; what does not is repeated after the next start.
    async fn drain(mut self) {
        let ending = async {
            while let Some(done) = self.busy.join_next_with_id().await {
                self.done(done).await;
            }
            self.release().await;
            if let Some(asking) = self.asking.as_mut() {
                let _ = asking.await;
            }
        };
        if tokio::time::timeout(DRAIN, ending).await.is_err() {
            if let Some(asking) = &self.asking {
                asking.abort();
            }
            tracing::warn!(destination = self.destination.name, "deliveries cut at shutdown");
        }
    }
}

fn until(next_ms: UnixMs, now_ms: UnixMs) -> Duration {
    Duration::from_millis(u64::try_from(next_ms - now_ms).unwrap_or(0).max(10))
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
