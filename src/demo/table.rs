//! What became of each object, in one line each.

use super::judge::Fate;
use super::study::Sample;

const HEADINGS: [&str; 8] =
    ["object", "text", "hidden", "kept", "header", "outcome", "new SOP Instance UID", "time"];
const WIDTHS: [usize; 8] = [13, 4, 6, 4, 11, 19, 20, 6];

/// The table and, below it, what went wrong.
pub fn render(study: &[Sample], fates: &[Fate]) -> String {
    let mut table = line(&HEADINGS.map(String::from));
    table += &line(&WIDTHS.map(|width| "─".repeat(width)));
    for (sample, fate) in study.iter().zip(fates) {
        table += &line(&row(sample, fate));
    }
    for (sample, fate) in study.iter().zip(fates) {
        if let Some((reason, detail)) = &fate.held {
            table += &format!("\n  {} is held, {reason}: {detail}", sample.name);
        }
        for fault in &fate.faults {
            table += &format!("\n  WRONG: {}: {fault}", sample.name);
        }
    }
    table
}

fn row(sample: &Sample, fate: &Fate) -> [String; 8] {
    let outcome = match (&fate.held, fate.delivered, fate.faults.is_empty()) {
        (Some(_), _, _) => "HELD",
        (None, true, true) => "delivered, verified",
        (None, true, false) => "delivered, WRONG",
        (None, false, _) => "NOT DELIVERED",
    };
    [
        format!("{} {}", sample.modality, sample.name),
        (fate.hidden + fate.kept).to_string(),
        fate.hidden.to_string(),
        fate.kept.to_string(),
        format!("{} scrubbed", fate.scrubbed),
        outcome.to_owned(),
        fate.new_sop_uid.as_deref().map_or_else(|| "-".into(), shortened),
        format!("{:.1} s", fate.took_ms as f64 / 1000.0),
    ]
}

/// "2.25.31415…926535": enough to find it again.
fn shortened(uid: &str) -> String {
    let (Some(start), Some(end)) = (uid.get(..11), uid.len().checked_sub(6)) else {
        return uid.to_owned();
    };
    format!("{start}…{}", uid.get(end..).unwrap_or_default())
}

fn line(cells: &[String; 8]) -> String {
    let padded = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{cell:<width$}"));
    format!("  {}\n", padded.collect::<Vec<_>>().join(" ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::study::generate;

    #[test]
    fn the_table_fits_and_says_what_is_wrong() {
        let study = generate();
        let good = Fate {
            delivered: true,
            new_sop_uid: Some("2.25.275437131563615763470416615340514290551".into()),
            hidden: 12,
            kept: 8,
            scrubbed: 1234,
            took_ms: 12_345,
            ..Fate::default()
        };
        let held = Fate {
            held: Some(("text-remains".into(), "text can still be read".into())),
            ..Fate::default()
        };
        let wrong =
            Fate { faults: vec!["changed".into()], ..Fate { delivered: true, ..Fate::default() } };
        let table = render(&study, &[good, held, wrong]);
        assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
        for said in
            ["20   12     8", "delivered, verified", "HELD", "text-remains", "WRONG: ct-slice"]
        {
            assert!(table.contains(said), "{table}");
        }
    }
}
