//! `redact`, and `deid`, which is the same with results named by their new UIDs.

use super::{note, say, who};
use crate::config::{Config, Engine, FillColour, Hide};
use crate::redact::{self, Naming, Order, Place, Summary};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use std::path::PathBuf;
use std::process::ExitCode;

/// The colour of boxes in pictures where none is named.
const RED: FillColour = FillColour([255, 0, 0]);

#[derive(Debug, Args)]
pub(super) struct Redact {
    /// DICOM, PNG and JPEG: files, folders of them, s3://BUCKET/KEY, or s3://BUCKET/PREFIX.
    #[arg(required = true, value_parser = place())]
    inputs: Vec<Place>,
    /// Where results go: a folder, or s3://BUCKET/PREFIX; without it, beside each input.
    #[arg(long, value_name = "DIR|S3", value_parser = place())]
    out: Option<Place>,
    /// How results are named.
    #[arg(long, value_enum)]
    names: Option<Naming>,
    /// Replace results that are there, instead of skipping their inputs.
    #[arg(long)]
    force: bool,
    /// With DICOM: each frame of the result as PNG too, as it is displayed.
    #[arg(long)]
    png: bool,
    /// Colour of boxes, a name of CSS or #rrggbb: red in pictures, and in DICOM what the profile says.
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    redacted_box_color: Option<FillColour>,
    /// Density that pictures state.
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    dpi: u16,
    /// Least score of an entity of Amazon Comprehend Medical that counts, 0.00 to 1.00.
    #[arg(long, value_name = "SCORE", value_parser = score)]
    phi_detection_threshold: Option<f32>,
    /// Which text is hidden; without it, what the profile says.
    #[arg(long, value_parser = hide)]
    hide: Option<Hide>,
    /// Where a JSON report of each DICOM result goes, named by its new SOP Instance UID.
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
    /// What became of each input as JSON, and nothing else.
    #[arg(long)]
    json: bool,
    /// Print the text that was hidden. It identifies people.
    #[arg(long)]
    show_text: bool,
    /// Name inputs by their paths, which may themselves identify a person.
    #[arg(long)]
    show_paths: bool,
}

fn place() -> impl TypedValueParser<Value = Place> {
    OsStringValueParser::new().try_map(|argument| Place::parse(&argument))
}

fn colour(text: &str) -> Result<FillColour, String> {
    let read = csscolorparser::parse(text).map_err(|_| "no colour: red, or #ff0000".to_owned())?;
    let [red, green, blue, alpha] = read.to_rgba8();
    match alpha {
        255 => Ok(FillColour([red, green, blue])),
        _ => Err("a box must hide what is under it: no colour that is transparent".into()),
    }
}

fn score(text: &str) -> Result<f32, String> {
    let score = text.parse().ok().filter(|score| (0.0..=1.0).contains(score));
    score.ok_or_else(|| "a score is 0.00 to 1.00".into())
}

fn hide(text: &str) -> Result<Hide, String> {
    let read = serde_json::from_value(text.into());
    read.map_err(|_| "there are: all-text, phi".into())
}

/// The key of a run may be forgotten only where no configuration says where keys are.
pub(super) async fn run(
    config: &Config,
    has_file: bool,
    is_deid: bool,
    asked: Redact,
) -> anyhow::Result<ExitCode> {
    let mut config = config.clone();
    if let Some(threshold) = asked.phi_detection_threshold {
        if config.detection.engine == Engine::Local {
            tracing::warn!(
                "--phi-detection-threshold has no effect: [detection] engine is \"local\", which asks no \
                 classifier"
            );
        }
        config.aws.phi_detection_threshold = threshold;
    }
    let order = Order {
        inputs: asked.inputs,
        out: asked.out,
        reports: asked.reports,
        naming: asked.names.unwrap_or(if is_deid { Naming::Uid } else { Naming::DeId }),
        force: asked.force,
        png: asked.png,
        colour: asked.redacted_box_color.unwrap_or(RED),
        object_colour: asked.redacted_box_color,
        hide: asked.hide,
        dpi: asked.dpi,
        may_forget_key: !has_file && !is_deid,
        progress: std::io::IsTerminal::is_terminal(&std::io::stderr()),
    };
    let summary = redact::run(&config, order).await?;
    let what = if asked.show_text { "redact, text shown" } else { "redact" };
    let event = serde_json::json!({"event": "redacted", "what": what, "who": who(),
        "project": config.deid.project, "epoch": config.keys.epoch, "delivered": summary.delivered,
        "held": summary.held_count(), "failed": summary.failed.len()});
    if asked.json {
        say(format_args!("{}", serde_json::to_string_pretty(&summary.json(asked.show_paths))?));
    } else {
        summarise(&summary, asked.show_paths);
        if !is_deid {
            summary.table().lines().for_each(|line| say(format_args!("{line}")));
        }
    }
    // What became of the inputs is told in any case, and what was read only once that is recorded.
    note(&config, event).await?;
    if asked.show_text && !asked.json {
        summary.text().lines().for_each(|line| say(format_args!("{line}")));
    }
    Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summarise(summary: &Summary, show_paths: bool) {
    say(format_args!("{} de-identified, {} boxes hidden", summary.delivered, summary.boxes));
    if summary.skipped > 0 {
        say(format_args!(
            "{} skipped: their results are there (--force redoes them)",
            summary.skipped
        ));
    }
    if summary.renamed > 0 {
        say(format_args!("{} named by a pseudonym: their names may identify", summary.renamed));
    }
    let each = |inputs: &[redact::HeldInput]| {
        for input in inputs {
            let (position, detail) = (input.position, &input.detail);
            match show_paths {
                false => say(format_args!("    input {position}: {detail}")),
                true => say(format_args!("    {}: {detail}", input.path.reveal())),
            }
        }
    };
    if !summary.held.is_empty() {
        say(format_args!("{} held:", summary.held_count()));
    }
    for (reason, inputs) in &summary.held {
        say(format_args!("  {reason}: {}", inputs.len()));
        each(inputs);
    }
    if !summary.failed.is_empty() {
        say(format_args!("{} failed:", summary.failed.len()));
        each(&summary.failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_a_name_or_a_number_and_hides() {
        assert_eq!(colour("red"), Ok(RED));
        assert_eq!(colour("#1a2B3c"), Ok(FillColour([0x1A, 0x2B, 0x3C])));
        assert_eq!(colour("RebeccaPurple"), Ok(FillColour([0x66, 0x33, 0x99])));
        for wrong in ["", "reddish", "transparent", "#ff000080"] {
            assert!(colour(wrong).is_err(), "{wrong}");
        }
        assert!(score("1.01").is_err() && score("nan").is_err() && score("0.00") == Ok(0.0));
        assert_eq!(hide("phi"), Ok(Hide::Phi));
    }
}
