//! The snapshot in the text format of OpenMetrics, which Prometheus reads.

use super::snapshot::Snapshot;
use crate::recognise::aws::AwsCounts;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// At most two labels, whose names differ by metric.
type Labels = Vec<(&'static str, String)>;

/// All of them.
pub fn text(snapshot: &Snapshot) -> String {
    let mut registry = Registry::with_prefix("deid_gateway");
    flow(&mut registry, snapshot);
    intake(&mut registry, snapshot);
    destinations(&mut registry, snapshot);
    snapshot.durations.register(&mut registry);
    if let Some(aws) = &snapshot.aws {
        services(&mut registry, aws);
    }
    if let Some(audit) = &snapshot.audit {
        let help = "Events that the audit record repository does not have yet";
        gauge(&mut registry, "audit_syslog_pending", help, [(vec![], audit.pending)]);
    }
    let ready = i64::from(snapshot.not_ready.is_none());
    gauge(&mut registry, "ready", "Whether objects are taken", [(vec![], ready)]);
    let free = i64::try_from(snapshot.free_bytes).unwrap_or(i64::MAX);
    gauge(&mut registry, "spool_free_bytes", "Free on the disk of the spool", [(vec![], free)]);
    let certificates =
        snapshot.certificates.iter().map(|(of, days)| (vec![("of", of.clone())], *days));
    let help = "Days until a certificate of ours is over";
    gauge(&mut registry, "certificate_days_left", help, certificates);
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = encode(&mut text, &registry);
    text
}

fn flow(registry: &mut Registry, snapshot: &Snapshot) {
    let (counts, overview) = (&snapshot.overview.counts, &snapshot.overview);
    let states = [
        ("received", counts.received),
        ("waiting", counts.waiting),
        ("ready", counts.ready),
        ("held", counts.held),
        ("ended", counts.ended),
        ("rejected", counts.rejected),
        ("dropped", counts.dropped),
    ];
    let states = states.map(|(state, count)| (vec![("state", state.to_owned())], count));
    gauge(registry, "objects", "Objects in each state", states);
    let received = overview.oldest_received_ms.map(|at| ("received".to_owned(), at));
    let oldest = overview.oldest_ms.iter().map(|(state, at)| (state.clone(), *at)).chain(received);
    let ages = oldest.map(|(state, at)| (vec![("state", state)], snapshot.age_s(at)));
    gauge(registry, "oldest_age_seconds", "How long the oldest has been in a state", ages);
    let held = overview.held.iter().map(|(reason, n)| (vec![("reason", reason.clone())], *n));
    gauge(registry, "held_objects", "Held objects by reason code", held);
}

fn intake(registry: &mut Registry, snapshot: &Snapshot) {
    let intake = &snapshot.intake;
    let running = i64::try_from(intake.associations).unwrap_or(i64::MAX);
    gauge(registry, "associations", "Associations that run", [(vec![], running)]);
    let accepted = [(vec![], intake.accepted)];
    counter(registry, "associations_accepted", "Associations that were accepted", accepted);
    let rejected =
        intake.rejected.iter().map(|(code, n)| (vec![("reason", (*code).to_owned())], *n));
    counter(registry, "associations_rejected", "Associations that were rejected", rejected);
    let refused = [(vec![], intake.refused_connections)];
    counter(registry, "connections_refused", "Connections without a request", refused);
    counter(registry, "objects_stored", "Objects acknowledged", [(vec![], intake.stored)]);
    counter(registry, "stored_bytes", "Bytes of these", [(vec![], intake.stored_bytes)]);
    let refused =
        intake.refused.iter().map(|(status, n)| (vec![("status", format!("{status:04X}"))], *n));
    counter(registry, "objects_refused", "Objects answered with a failure", refused);
}

fn destinations(registry: &mut Registry, snapshot: &Snapshot) {
    let all = &snapshot.destinations;
    let of = |name: &str| vec![("destination", name.to_owned())];
    let each = |value: fn(&crate::spool::DestinationCounts) -> i64| {
        all.iter().map(move |one| (of(&one.counts.name), value(&one.counts)))
    };
    gauge(registry, "deliveries_waiting", "Deliveries ready to go", each(|one| one.waiting));
    gauge(registry, "deliveries_uncommitted", "Stored, not committed", each(|one| one.uncommitted));
    gauge(registry, "deliveries_sent", "Deliveries that arrived", each(|one| one.sent));
    gauge(registry, "deliveries_refused", "Deliveries refused for good", each(|one| one.refused));
    let paused = each(|one| i64::from(one.paused_by.is_some()));
    gauge(registry, "destination_paused", "Whether a person paused it", paused);
    let trouble = each(|one| i64::from(one.error.is_some()));
    gauge(registry, "destination_in_trouble", "Whether it cannot be sent to", trouble);
    let oldest = all
        .iter()
        .filter_map(|one| Some((of(&one.counts.name), snapshot.age_s(one.counts.oldest_ms?))));
    let help = "How long the oldest delivery has waited";
    gauge(registry, "delivery_oldest_age_seconds", help, oldest);
}

fn services(registry: &mut Registry, aws: &AwsCounts) {
    let calls = aws.calls.iter().map(|(service, outcome, calls)| {
        (vec![("service", (*service).to_owned()), ("outcome", (*outcome).to_owned())], *calls)
    });
    counter(registry, "aws_calls", "Calls of AWS services", calls);
    let sum = |value: u64| [(vec![], value)];
    let help = "Estimated cost of these, in millionths of a US dollar";
    counter(registry, "aws_cost_micro_dollars", help, sum(aws.micro_dollars));
    let help = "Characters sent to Comprehend Medical";
    counter(registry, "aws_characters", help, sum(aws.characters));
    let help = "Regions and passages that were not asked about again";
    counter(registry, "aws_remembered", help, sum(aws.remembered));
    let help = "Times that the embedded reader stood in";
    counter(registry, "aws_fallbacks", help, sum(aws.fallbacks));
    let limited =
        aws.limited.iter().map(|(limit, calls)| (vec![("limit", (*limit).to_owned())], *calls));
    counter(registry, "aws_cost_limited", "Calls not made: a limit was reached", limited);
    let paused = aws
        .paused
        .iter()
        .map(|(service, paused)| (vec![("service", (*service).to_owned())], i64::from(*paused)));
    gauge(registry, "aws_service_paused", "Whether it is left alone after failures", paused);
}

fn gauge(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, i64)>,
) {
    let family = Family::<Labels, Gauge>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register(name, help, family);
}

fn counter(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, u64)>,
) {
    let family = Family::<Labels, Counter>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).inc_by(value);
    }
    registry.register(name, help, family);
}

#[cfg(test)]
mod tests;
