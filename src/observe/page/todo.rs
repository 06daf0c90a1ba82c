//! What a person has to do, before everything else on the page.

use crate::observe::snapshot::{Destination, Snapshot};
use maud::{Markup, html};

/// Days before the end of a certificate from which on it is mentioned, as in conf/alerts.yml.
const CERTIFICATE_DAYS: i64 = 30;

/// A list, or a line where there is nothing to do.
pub fn todo(snapshot: &Snapshot) -> Markup {
    let tasks: Vec<(String, Markup)> = [
        not_ready(snapshot),
        held(snapshot),
        snapshot.destinations.iter().filter_map(destination).collect(),
        services(snapshot),
        audit(snapshot),
        certificates(snapshot),
    ]
    .concat();
    html! {
        @if tasks.is_empty() {
            p class="good" { "Nothing waits for a person." }
        } @else {
            section class="todo" {
                h2 { "For a person" }
                ul { @for (what, how) in &tasks { li { (what) " " small { (how) } } } }
            }
        }
    }
}

type Tasks = Vec<(String, Markup)>;

fn not_ready(snapshot: &Snapshot) -> Tasks {
    let task = |why| (format!("No objects are taken: {why}."), html! { "Senders keep theirs." });
    snapshot.not_ready.map(task).into_iter().collect()
}

fn held(snapshot: &Snapshot) -> Tasks {
    let how = html! {
        code { "deid-gateway held list" } " shows them; the README says what to do for each reason."
    };
    match snapshot.overview.counts.held {
        0 => vec![],
        1 => vec![("1 object is held.".to_owned(), how)],
        held => vec![(format!("{held} objects are held."), how)],
    }
}

fn destination(one: &Destination) -> Option<(String, Markup)> {
    let (name, waiting) = (&one.counts.name, one.counts.waiting);
    let kept = |first: Markup| html! { (first) "Waiting for it: " (waiting) "; they are kept." };
    if one.counts.paused_by.is_some() {
        let resume = html! { code { "deid-gateway destination resume " (name) } ". " };
        return Some((format!("Destination {name} is paused."), kept(resume)));
    }
    if one.kind.is_none() && waiting > 0 {
        return Some((format!("Destination {name} is not configured."), kept(html! {})));
    }
    let error = one.counts.error.as_ref()?;
    let retried = html! { "It is tried again by itself. " };
    Some((format!("Destination {name} cannot be sent to: {error}."), kept(retried)))
}

fn services(snapshot: &Snapshot) -> Tasks {
    let paused = snapshot.aws.iter().flat_map(|aws| &aws.paused).filter(|(_, paused)| *paused);
    let task =
        |service| (format!("{service} does not answer."), html! { "It is left alone for now." });
    paused.map(|(service, _)| task(service)).collect()
}

fn audit(snapshot: &Snapshot) -> Tasks {
    let Some(audit) = &snapshot.audit else { return vec![] };
    let task = |why| {
        let how = html! { (audit.pending) " events wait, and are sent when it answers." };
        (format!("The audit record repository cannot be told: {why}."), how)
    };
    audit.trouble.iter().map(task).collect()
}

fn certificates(snapshot: &Snapshot) -> Tasks {
    let ending = snapshot.certificates.iter().filter(|(_, days)| *days < CERTIFICATE_DAYS);
    let task = |(of, days): &(String, i64)| {
        let what = match days {
            ..0 => format!("The certificate of {of} is over."),
            _ => format!("The certificate of {of} is over in {days} days."),
        };
        (what, html! { "A renewed file is taken over without a restart." })
    };
    ending.map(task).collect()
}
