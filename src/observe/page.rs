//! The status page: one look at what flows, what waits and what a person has to do.

use super::snapshot::{Destination, Snapshot};
use crate::config::DestinationKind;
use maud::{DOCTYPE, Markup, html};

/// Follows the light or dark of the reader, and the width of a phone.
const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
.flow { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .5rem; padding: 0; margin: 0; }
.flow div { border: 1px solid #8886; border-radius: .4rem; padding: .5rem .7rem; }
.flow dt { font-size: .85rem; } .flow dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: light-dark(#126b2e, #6fd08c); } .bad { color: light-dark(#a11, #ff8d85); font-weight: 600; }
footer { margin-top: 2rem; font-size: .85rem; opacity: .8; }
";

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
                h1 { "De-identification gateway " (snapshot.ae_title) }
                @match snapshot.not_ready {
                    None => p class="good" { "Ready: objects are taken." },
                    Some(why) => p class="bad" { "Not ready: " (why) "." },
                }
                (flow(snapshot))
                (destinations(snapshot))
                (held(snapshot))
                (last_studies(snapshot))
                (machine(snapshot))
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
    html! {
        h2 { "Destinations" }
        div class="wide" { table {
            thead { tr {
                th { "name" } th { "state" } th class="n" { "waiting" } th class="n" { "oldest" }
                th class="n" { "sent" } th class="n" { "refused" }
            } }
            tbody { @for one in &snapshot.destinations { tr {
                td { (one.counts.name) }
                td { (state(one)) }
                td class="n" { (one.counts.waiting) }
                td class="n" {
                    @match one.counts.oldest_ms {
                        Some(since) => (age_text(snapshot.age_s(since))),
                        None => "-",
                    }
                }
                td class="n" { (one.counts.sent) }
                td class="n" { (one.counts.refused) }
            } } }
        } }
    }
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
    html! {
        @if !snapshot.overview.held.is_empty() {
            h2 { "Held, for a person to decide" }
            div class="wide" { table {
                thead { tr { th { "reason" } th class="n" { "objects" } } }
                tbody { @for (reason, count) in &snapshot.overview.held {
                    tr { td { code { (reason) } } td class="n" { (count) } }
                } }
            } }
            p { code { "deid-gateway held list" } " shows them; the README says what to do for each reason." }
        }
    }
}

/// By the UIDs that research has: nobody here can tell by them whose they are.
fn last_studies(snapshot: &Snapshot) -> Markup {
    html! {
        @if !snapshot.overview.last_studies.is_empty() {
            h2 { "Last studies, by their new UIDs" }
            div class="wide" { table {
                thead { tr {
                    th { "Study Instance UID" } th { "project" } th class="n" { "objects" }
                    th class="n" { "to leave" } th class="n" { "last" }
                } }
                tbody { @for one in &snapshot.overview.last_studies { tr {
                    td { code { (one.new_uid) } }
                    td { (one.project) }
                    td class="n" { (one.objects) }
                    td class="n" { (one.to_leave) }
                    td class="n" { (age_text(snapshot.age_s(one.updated_ms))) }
                } } }
            } }
        }
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
            p class=(if audit.trouble.is_some() { "bad" } else { "" }) {
                "Audit messages: " (audit.pending) " wait"
                @if let Some(why) = &audit.trouble { ": " (why) }
                "."
            }
        }
        @for (of, days) in &snapshot.certificates {
            p class=(if *days < 30 { "bad" } else { "" }) { "Certificate of " (of) ": " (days) " days left." }
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
