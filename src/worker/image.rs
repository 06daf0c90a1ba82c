//! The order of the steps for a picture that is a file of its own: as for an object, without a header.

use super::found::{Found, found};
use super::turns::Turn;
use super::{ROUNDS, Steps, blocking, files, out_of_step, tell_again};
use crate::config::{FillColour, Profile};
use crate::deid::decide::{decide, decide_again};
use crate::deid::header::ProjectKey;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::image_file::{CleanImage, ImageExamination, ImageWork, accept};
use crate::deid::picture::Picture;
use crate::deid::redaction::Redaction;
use crate::recognise::StudyTag;
use crate::sandbox::{Reply, Request, RunError, Stopped};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::time::Instant;

/// A picture file to redact, and how.
pub struct ImageFile<'a> {
    pub input: &'a Path,
    /// A directory for nameless files.
    pub scratch: &'a Path,
    pub profile: &'a Profile,
    pub key: &'a ProjectKey,
    pub colour: FillColour,
    pub dpi: u16,
}

/// What was done to a picture file.
#[derive(Debug)]
pub struct ImageReport {
    pub redaction: Redaction,
    pub found: Vec<Found>,
}

impl Steps {
    /// Redacts a picture file. `output` names the file of each round; the last one's is that of the result.
    pub async fn redact_image(
        &self,
        image: &ImageFile<'_>,
        output: impl Fn(usize) -> PathBuf,
    ) -> Result<(CleanImage, ImageReport), RunError> {
        match self.image_attempt(image, &output, self.turns.beside().await).await {
            Err(Stopped::Killed(hold)) => {
                tell_again(&hold);
                Ok(self.image_attempt(image, &output, self.turns.alone().await).await?)
            }
            done => Ok(done?),
        }
    }

    async fn image_attempt(
        &self,
        image: &ImageFile<'_>,
        output: &impl Fn(usize) -> PathBuf,
        _turn: Turn<'_>,
    ) -> Result<(CleanImage, ImageReport), Stopped> {
        let deadline = Instant::now() + self.object_timeout;
        let done = self.in_time(deadline, self.image_rounds(image, output)).await;
        if done.is_err() {
            (1..=ROUNDS).for_each(|round| files::discard(&output(round)));
        }
        done
    }

    async fn image_rounds(
        &self,
        image: &ImageFile<'_>,
        output: &impl Fn(usize) -> PathBuf,
    ) -> Result<(CleanImage, ImageReport), Stopped> {
        let (limits, profile) = (self.limits.clone(), image.profile.clone());
        let study = tag_of(image);
        let files = files::of_input(image.input, image.scratch)?;
        let exchange = self.work.start(&Request::ExamineImage { limits }, &files).await?;
        let (Reply::ImageExamined(examined), read) = self.rest_of(exchange, Some(study)).await?
        else {
            return Err(out_of_step().into());
        };
        let examination = Arc::new(examined.as_object());
        examination.check_complete(&read.pictures)?;
        let text = self.classified(read.lines, image.profile, study).await?;
        let of = Arc::clone(&examination);
        let (mut redaction, found) = blocking(move || {
            let redaction = decide(&of, &text, &profile)?;
            let found = found(&text, &redaction);
            Ok::<_, Hold>((redaction, found))
        })
        .await??;
        for round in 1..=ROUNDS {
            let path = output(round);
            let work =
                ImageWork { areas: redaction.areas().of(0), colour: image.colour, dpi: image.dpi };
            let (clean, lines) = self.image_round(image, &path, &examined, work).await?;
            let (of, before) = (Arc::clone(&examination), redaction.clone());
            let profile = image.profile.clone();
            let more = blocking(move || decide_again(&of, &before, &lines, &profile)).await?;
            match more {
                None => return Ok((clean, ImageReport { redaction, found })),
                Some(more) => {
                    files::discard(&path);
                    redaction = more;
                }
            }
        }
        let detail = format!("text can still be read after {ROUNDS} rounds");
        Err(Hold::new(HoldReason::TextRemains, detail).into())
    }

    async fn image_round(
        &self,
        image: &ImageFile<'_>,
        path: &Path,
        examined: &ImageExamination,
        work: ImageWork,
    ) -> Result<(CleanImage, Vec<crate::deid::picture::TextLine>), Stopped> {
        let apply = Request::ApplyImage { work: work.clone(), limits: self.limits.clone() };
        let files = files::with_output(image.input, image.scratch)?;
        let (Reply::ImageApplied(candidate), _) = self.run(&self.work, &apply, &files).await?
        else {
            return Err(out_of_step().into());
        };
        files::keep_output(files, path.to_owned()).await?;
        let verify = Request::VerifyImage {
            work: work.clone(),
            candidate: (*candidate).clone(),
            limits: self.limits.clone(),
        };
        let files = files::of_input(path, image.scratch)?;
        let (Reply::ImageVerified(verdict), read) = self.run(&self.verify, &verify, &files).await?
        else {
            return Err(out_of_step().into());
        };
        let clean = accept(path.to_owned(), examined, &work, &candidate, &verdict)?;
        Ok((clean, read.lines))
    }

    /// Every frame of a verified result as it is displayed, in their order.
    pub async fn display(
        &self,
        result: &Path,
        scratch: &Path,
        mut show: impl FnMut(Picture) -> std::io::Result<()>,
    ) -> Result<u32, RunError> {
        let request = Request::Display { limits: self.limits.clone() };
        let files = files::of_input(result, scratch)?;
        let mut exchange = self.verify.start(&request, &files).await?;
        loop {
            match exchange.next().await? {
                Reply::Picture(picture) => show(picture)
                    .map_err(|error| RunError::Failed(format!("{:?}", error.kind())))?,
                Reply::Displayed(frames) => return Ok(frames),
                _ => return Err(out_of_step()),
            }
        }
    }
}

/// What stands for the picture where costs are counted.
fn tag_of(image: &ImageFile<'_>) -> StudyTag {
    let path = image.input.to_string_lossy();
    let pseudonym = image.key.value_pseudonym("costs", &path, 16);
    let mut tag = StudyTag::default();
    tag.0.iter_mut().zip(pseudonym.bytes()).for_each(|(to, byte)| *to = byte);
    tag
}
