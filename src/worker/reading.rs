//! A request to a child, with every picture that it shows read as it comes.
//!
//! Invariants: services are asked about a study's pictures only while it is examined, never to verify; a
//! picture that is not read, or a service that refuses, ends in a hold, and one that is away in another try.

use super::{Steps, blocking};
use crate::config::{Hide, Profile};
use crate::deid::burned_in::BurnedInText;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::picture::TextLine;
use crate::phi::Phi;
use crate::recognise::{AskError, DetectError, PhiClassifier, StudyTag};
use crate::sandbox::{Exchange, Files, Pool, Reply, Request, RunError, Stopped};
use std::collections::BTreeMap;

/// What was read during one request.
#[derive(Default)]
pub(super) struct Read {
    pub lines: Vec<TextLine>,
    /// How many the embedded reader found.
    found: usize,
    /// The number of pictures by frame.
    pub pictures: BTreeMap<u32, u32>,
}

impl Steps {
    /// One request, with every picture read as it comes.
    pub(super) async fn run(
        &self,
        pool: &Pool,
        request: &Request,
        files: &Files,
    ) -> Result<(Reply, Read), Stopped> {
        self.rest_of(pool.start(request, files).await?, None).await
    }

    /// The end of a request, with every picture read as it comes; for a study by the services as well, if
    /// they are in use.
    pub(super) async fn rest_of(
        &self,
        mut exchange: Exchange<'_>,
        study: Option<StudyTag>,
    ) -> Result<(Reply, Read), Stopped> {
        let mut all = Read::default();
        let mut pictures = self.recogniser.sequence();
        let aws = self.aws.as_ref().zip(study);
        let mut look = aws.map(|(aws, study)| aws.look(study));
        let too_many = || {
            let detail = format!("more than {} lines of text", self.limits.max_lines);
            Hold::new(HoldReason::LimitExceeded, detail)
        };
        loop {
            match exchange.next().await? {
                Reply::Picture(picture) => {
                    let frame = picture.frame;
                    *all.pictures.entry(frame).or_default() += 1;
                    let seen = look.is_some().then(|| picture.clone());
                    let read = pictures.read(picture).await;
                    let lines = read.map_err(|error| detection_failed(frame, &error))?;
                    all.found += lines.len();
                    if all.found > self.limits.max_lines {
                        return Err(too_many().into());
                    }
                    match look.as_mut().zip(seen) {
                        Some((look, picture)) => {
                            look.see(&picture, lines).await.map_err(ask_failed)?;
                        }
                        None => all.lines.extend(lines),
                    }
                }
                reply => {
                    if let Some(look) = look {
                        all.lines.extend(look.finish().await.map_err(ask_failed)?);
                    }
                    return match all.lines.len() > self.limits.max_lines {
                        true => Err(too_many().into()),
                        false => Ok((reply, all)),
                    };
                }
            }
        }
    }

    /// What was read, with what a classifier marks where the profile lets other text stay.
    pub(super) async fn classified(
        &self,
        lines: Vec<TextLine>,
        profile: &Profile,
        study: StudyTag,
    ) -> Result<BurnedInText, Stopped> {
        let mut text = blocking(move || BurnedInText::of(lines)).await?;
        if let (Hide::Phi, Some(aws)) = (profile.hide, &self.aws) {
            let passages: Vec<Phi<String>> = text.passages().into_iter().collect();
            let told = aws.classify(&passages, &study).await.map_err(ask_failed)?;
            let of = passages.iter().map(|passage| &**passage.reveal());
            text.mark(&of.zip(told).collect());
        }
        Ok(text)
    }
}

fn detection_failed(frame: u32, error: &DetectError) -> Hold {
    Hold::new(HoldReason::DetectionFailed, format!("frame {frame}: {error}"))
}

fn ask_failed(error: AskError) -> Stopped {
    match error {
        AskError::Unavailable(why) => RunError::Later(why).into(),
        AskError::Refused(why) => Hold::new(HoldReason::DetectionFailed, why).into(),
    }
}
