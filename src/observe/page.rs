//! The status page: what a person has to do, then one look at what flows and what waits.

mod todo;

use super::snapshot::{Destination, Snapshot};
use crate::config::DestinationKind;
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
    let rows = html! {
        @for one in &snapshot.destinations { tr {
            td { (one.counts.name) }
            td class="words" { (state(one)) }
            td class="n" { (one.counts.waiting) }
            td class="n" {
                @match one.counts.oldest_ms {
                    Some(since) => (age_text(snapshot.age_s(since))),
                    None => "-",
                }
            }
            td class="n" { (one.counts.sent) }
            td class="n" { (one.counts.refused) }
        } }
    };
    let columns = [
        ("name", ""),
        ("state", ""),
        ("waiting", "n"),
        ("oldest", "n"),
        ("sent", "n"),
        ("refused", "n"),
    ];
    table("Destinations", &columns, &rows)
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
    if snapshot.overview.held.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for (reason, count) in &snapshot.overview.held {
            tr { td { code { (reason) } } td class="n" { (count) } }
        }
    };
    table("Held, for a person to decide", &[("reason", ""), ("objects", "n")], &rows)
}

/// By the UIDs that research has: nobody here can tell by them whose they are.
fn last_studies(snapshot: &Snapshot) -> Markup {
    if snapshot.overview.last_studies.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for one in &snapshot.overview.last_studies { tr {
            td { code { (one.new_uid) } }
            td { (one.project) }
            td class="n" { (one.objects) }
            td class="n" { (one.to_leave) }
            td class="n" { (age_text(snapshot.age_s(one.updated_ms))) }
        } }
    };
    let columns = [
        ("Study Instance UID", ""),
        ("project", ""),
        ("objects", "n"),
        ("to leave", "n"),
        ("last", "n"),
    ];
    table("Last studies, by their new UIDs", &columns, &rows)
}

/// A table that scrolls by itself where the window is narrow, by keyboard too; columns by name and class.
fn table(title: &str, columns: &[(&str, &str)], rows: &Markup) -> Markup {
    html! {
        h2 { (title) }
        div class="wide" role="region" tabindex="0" aria-label=(title) { table {
            thead { tr { @for (name, class) in columns { th scope="col" class=(class) { (name) } } } }
            tbody { (rows) }
        } }
    }
}

fn machine(snapshot: &Snapshot) -> Markup {
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let intake = &snapshot.intake;
    let rejected: u64 = intake.rejected.values().sum();
    html! {
        h2 { "Since the start" }
        p {
            (intake.accepted) " associations accepted (" (intake.associations) " running), "
            (rejected) " rejected; " (intake.stored) " objects taken, " (gib(intake.stored_bytes)) "."
        }
        p { "Free on the spool's disk: " (gib(snapshot.free_bytes)) ", of which " (gib(snapshot.min_free_bytes)) " are kept." }
        @if let Some(audit) = &snapshot.audit {
            p { "Audit messages: " (audit.pending) " wait." }
        }
        @for (of, days) in &snapshot.certificates {
            p { "Certificate of " (of) ": " (days) " days left." }
        }
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
