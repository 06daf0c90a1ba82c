//! The status page: what a person has to do, then one look at what flows and what waits.

mod todo;

use super::snapshot::{Destination, Snapshot};
use crate::config::DestinationKind;
use crate::spool::LastStudy;
use maud::{DOCTYPE, Markup, html};

/// Follows the light or dark of the reader, and the width of a phone.
const STYLE: &str = include_str!("page.css");

/// A page that stands alone: nothing is fetched for it.
pub fn html(snapshot: &Snapshot) -> String {
    let title = format!("{} - deid-gateway", snapshot.ae_title);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="10";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "De-identification gateway " (snapshot.ae_title) }
                    @match snapshot.not_ready {
                        None => span class="good" { "Ready: objects are taken." },
                        Some(_) => span class="bad" { "Not ready." },
                    }
                }
                main {
                    (todo::todo(snapshot))
                    (flow(snapshot))
                    (held(snapshot))
                    (destinations(snapshot))
                    (last_studies(snapshot))
                    (machine(snapshot))
                }
                footer { "No value of an object is shown here. The page renews itself every 10 seconds." }
            }
        }
    }
    .into_string()
}

fn flow(snapshot: &Snapshot) -> Markup {
    let (counts, overview) = (&snapshot.overview.counts, &snapshot.overview);
    let age = |state: &str| overview.oldest_ms.get(state).copied();
    let steps = [
        ("to be routed", counts.received, overview.oldest_received_ms),
        ("to be worked on", counts.waiting, age("waiting")),
        ("ready to leave", counts.ready, age("ready")),
        ("held", counts.held, age("held")),
        ("delivered", counts.ended, None),
    ];
    html! {
        h2 { "Objects" }
        dl class="flow" {
            @for (name, count, oldest) in steps {
                div {
                    dt { (name) }
                    dd { (count) }
                    @if let Some(since) = oldest { small { "oldest " (age_text(snapshot.age_s(since))) } }
                }
            }
        }
    }
}

fn destinations(snapshot: &Snapshot) -> Markup {
    let row = |one: &Destination| {
        let oldest = one.counts.oldest_ms.map(|since| age_text(snapshot.age_s(since)));
        vec![
            html! { (one.counts.name) },
            html! { span { (state(one)) } },
            html! { (one.counts.waiting) },
            html! { (oldest.as_deref().unwrap_or("-")) },
            html! { (one.counts.sent) },
            html! { (one.counts.refused) },
        ]
    };
    let columns = [
        ("name", ""),
        ("state", "words"),
        ("waiting", "n"),
        ("oldest", "n"),
        ("sent", "n"),
        ("refused", "n"),
    ];
    table("Destinations", &columns, snapshot.destinations.iter().map(row))
}

fn state(one: &Destination) -> Markup {
    let kind = match one.kind {
        None => return html! { span class="bad" { "not configured" } },
        Some(DestinationKind::Folder) => "folder",
        Some(DestinationKind::Dicom) => "DICOM",
    };
    html! {
        @if one.counts.paused_by.is_some() { span class="bad" { "paused" } }
        @else if let Some(error) = &one.counts.error { span class="bad" { (error) } }
        @else { span class="good" { "in order" } }
        " (" (kind) ")"
    }
}

fn held(snapshot: &Snapshot) -> Markup {
    let row =
        |(reason, count): (&String, &i64)| vec![html! { code { (reason) } }, html! { (count) }];
    let rows = snapshot.overview.held.iter().map(row);
    table("Held, for a person to decide", &[("reason", ""), ("objects", "n")], rows)
}

/// By the UIDs that research has: nobody here can tell by them whose they are.
fn last_studies(snapshot: &Snapshot) -> Markup {
    let row = |one: &LastStudy| {
        vec![
            html! { code { (one.new_uid) } },
            html! { (one.project) },
            html! { (one.objects) },
            html! { (one.to_leave) },
            html! { (age_text(snapshot.age_s(one.updated_ms))) " ago" },
        ]
    };
    let columns = [
        ("Study Instance UID", "uid"),
        ("project", ""),
        ("objects", "n"),
        ("to leave", "n"),
        ("last", "n"),
    ];
    let rows = snapshot.overview.last_studies.iter().map(row);
    table("Last studies, by their new UIDs", &columns, rows)
}

/// Columns by name and class; nothing without rows. On a narrow screen each row stands as a list, with
/// the names of its columns, and what is wide still scrolls by itself, by keyboard too.
fn table(
    title: &str,
    columns: &[(&str, &str)],
    rows: impl ExactSizeIterator<Item = Vec<Markup>>,
) -> Markup {
    if rows.len() == 0 {
        return html! {};
    }
    html! {
        h2 { (title) }
        div class="wide" role="region" tabindex="0" aria-label=(title) { table {
            thead { tr { @for (name, class) in columns { th scope="col" class=(class) { (name) } } } }
            tbody { @for row in rows { tr {
                @for (cell, (name, class)) in row.iter().zip(columns) {
                    td class=(class) data-name=(name) { (cell) }
                }
            } } }
        } }
    }
}

fn machine(snapshot: &Snapshot) -> Markup {
    let intake = &snapshot.intake;
    let rejected: u64 = intake.rejected.values().sum();
    html! {
        h2 { "Since the start" }
        p {
            (intake.accepted) " associations accepted (" (intake.associations) " running), "
            (rejected) " rejected; " (intake.stored) " objects taken, " (size_text(intake.stored_bytes)) "."
        }
        p { "Free on the spool's disk: " (size_text(snapshot.free_bytes)) ", of which " (size_text(snapshot.min_free_bytes)) " are kept." }
        @if let Some(audit) = &snapshot.audit {
            p { "Audit messages: " (audit.pending) " wait." }
        }
        @for (of, days) in &snapshot.certificates {
            p { "Certificate of " (of) ": " (days) " days left." }
        }
    }
}

fn size_text(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match bytes / MIB {
        ..1_024 => format!("{:.1} MiB", bytes as f64 / MIB as f64),
        _ => format!("{:.1} GiB", bytes as f64 / (MIB << 10) as f64),
    }
}

fn age_text(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
