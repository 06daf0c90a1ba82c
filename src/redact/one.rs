//! One input: fetched, told by its content what it is, worked on, named, put in its place.

use super::inputs::Input;
use super::summary::Done;
use super::target::Target;
use super::{End, Naming, Place, Run};
use crate::deid::accept::Deidentified;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
use crate::deid::image_file::{ImageKind, KIND_BYTES};
use crate::phi::Phi;
use crate::sandbox::RunError;
use crate::worker::{Found, ImageFile, Object, WorkReport};
use std::io::Read;
use std::path::Path;

impl Run {
    /// Works on one input to its end.
    pub(super) async fn one(&self, index: usize, input: &Input) -> End {
        let fetched = self.fetched.path().join(format!("{index}.in"));
        let file = match &input.place {
            Place::File(path) => path.clone(),
            Place::Object { bucket, key } => {
                if let Err(why) = self.store.s3.get(bucket, key, &fetched).await {
                    let _ = std::fs::remove_file(&fetched);
                    return End::Failed(why);
                }
                fetched.clone()
            }
        };
        let end = match kind_of(&file) {
            Some(kind) => self.picture(index, input, &file, kind).await,
            None => self.object(index, input, &file).await,
        };
        let _ = std::fs::remove_file(&fetched);
        end.unwrap_or_else(|end| end)
    }

    async fn object(&self, index: usize, input: &Input, file: &Path) -> Result<End, End> {
        let scratch = self.scratch.path();
        let object = Object { input: file, scratch, profile: &self.profile, key: &self.key };
        let opened = self.steps.open(&object).await.map_err(stopped)?;
        let subject = object.subject(&self.patients, &opened.told.patient).map_err(End::Held)?;
        let by_name = match self.order.naming {
            Naming::Uid => None,
            Naming::DeId => {
                let target = self.target(input, &opened.told.identifiers);
                if let Some(skipped) = self.skipped(&target).await? {
                    return Ok(skipped);
                }
                Some(target)
            }
        };
        let output = |round| scratch.join(format!("{index}.{round}.dcm"));
        let known = Identifiers::default();
        let done = self.steps.deidentify(&object, opened, &known, &subject, output).await;
        let (result, report) = done.map_err(stopped)?;
        let target = by_name.unwrap_or_else(|| self.by_uid(&result, &input.place));
        let kept = self.keep_object(index, &result, &report, &target).await;
        let _ = std::fs::remove_file(result.path());
        kept?;
        Ok(self.done(target, report.redaction, report.found))
    }

    async fn keep_object(
        &self,
        index: usize,
        result: &Deidentified,
        report: &WorkReport,
        target: &Target,
    ) -> Result<(), End> {
        // the report lies ready before the result does, and replaces none of another's
        let reports = self.reports.as_ref();
        let told = reports.map(|reports| reports.write(result, &self.profile, report)).transpose();
        let told = told.map_err(End::Held)?;
        if self.order.png {
            self.pictures_of(index, result, &target.place).await?;
        }
        result.check_intact().map_err(End::Held)?;
        self.put(result.path(), target, "application/dicom").await?;
        match reports.zip(told) {
            Some((reports, told)) => reports.keep(told, result).map_err(End::Held),
            None => Ok(()),
        }
    }

    async fn picture(
        &self,
        index: usize,
        input: &Input,
        file: &Path,
        kind: ImageKind,
    ) -> Result<End, End> {
        let scratch = self.scratch.path();
        let mut target = self.picture_target(input, kind, &Identifiers::default());
        if let Some(skipped) = self.skipped(&target).await? {
            return Ok(skipped);
        }
        let (profile, key) = (&self.profile, &self.key);
        let (colour, dpi) = (self.order.colour, self.order.dpi);
        let image = ImageFile { input: file, scratch, profile, key, colour, dpi };
        let output = |round| scratch.join(format!("{index}.{round}.{}", kind.extension()));
        let done = self.steps.redact_image(&image, output).await;
        let (result, report) = done.map_err(stopped)?;
        // What was hidden in the picture may stand in its name too.
        let renamed = self.picture_target(input, kind, &hidden_words(&report.found));
        if renamed.place != target.place {
            target = renamed;
        }
        let content_type = match kind {
            ImageKind::Png => "image/png",
            ImageKind::Jpeg => "image/jpeg",
        };
        let put = self.put(result.path(), &target, content_type).await;
        let _ = std::fs::remove_file(result.path());
        match put {
            Err(End::Skipped { .. }) if self.order.naming == Naming::DeId => {
                Ok(End::Skipped { output: target.shown })
            }
            put => put.map(|()| self.done(target, report.redaction, report.found)),
        }
    }

    fn done(
        &self,
        target: Target,
        redaction: crate::deid::redaction::Redaction,
        found: Vec<Found>,
    ) -> End {
        let Target { place, shown, renamed } = target;
        End::Done(Box::new(Done { place, output: shown, renamed, redaction, found }))
    }
}

/// The kind of a picture file; none for what has to be an object.
fn kind_of(file: &Path) -> Option<ImageKind> {
    let mut first = Vec::with_capacity(KIND_BYTES);
    let file = std::fs::File::open(file).ok()?;
    file.take(KIND_BYTES as u64).read_to_end(&mut first).ok()?;
    ImageKind::of(&first)
}

pub(super) fn stopped(error: RunError) -> End {
    match error {
        RunError::Hold(hold) if hold.reason == HoldReason::NotDicom => {
            let detail = format!("neither DICOM, PNG nor JPEG ({})", hold.detail);
            End::Held(Hold::new(hold.reason, detail))
        }
        RunError::Hold(hold) => End::Held(hold),
        RunError::Later(why) => End::Held(Hold::new(HoldReason::DetectionFailed, why)),
        RunError::Failed(kind) => {
            let detail = format!("a step could not run: {kind}");
            End::Held(Hold::new(HoldReason::SandboxCrashed, detail))
        }
    }
}

/// What was hidden, as what a name may hold.
fn hidden_words(found: &[Found]) -> Identifiers {
    let words = found.iter().flat_map(|found| found.text.reveal().split_whitespace());
    let long = words.filter(|word| word.chars().filter(|c| c.is_alphanumeric()).count() > 2);
    let one = |word: &str| Identifier { kind: IdentifierKind::Text, value: Phi::new(word.into()) };
    Identifiers(long.map(one).collect()).united(&Identifiers::default())
}
