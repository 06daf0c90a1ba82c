//! One input: fetched, told by its content what it is, worked on, named, put in its place.

use super::inputs::Input;
use super::names::{Named, PREFIX};
use super::place::Put;
use super::{End, Naming, Place, Run};
use crate::deid::accept::Deidentified;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
use crate::deid::image_file::{ImageKind, KIND_BYTES};
use crate::deid::picture::Picture;
use crate::forward::object_path;
use crate::phi::Phi;
use crate::sandbox::RunError;
use crate::worker::{Found, ImageFile, Object, WorkReport};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where a result goes, and whether its name had to be replaced.
struct Target {
    place: Place,
    /// Without the folders that were not looked at.
    shown: String,
    renamed: bool,
}

impl Run {
    /// Works on one input to its end.
    pub(super) async fn one(&self, index: usize, input: &Input) -> End {
        let scratch = self.scratch.path();
        let fetched = scratch.join(format!("{index}.in"));
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
        let subject =
            object.subject(&self.patients, &opened.told.patient).map_err(|hold| End::Held(hold))?;
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
        End::Done { place, output: shown, renamed, redaction, found }
    }

    /// Writes each frame of a result as it is displayed: `NAME.png`, or `NAME.0001.png` and so on.
    async fn pictures_of(
        &self,
        index: usize,
        result: &Deidentified,
        of: &Place,
    ) -> Result<(), End> {
        let scratch = self.scratch.path();
        let mut files: Vec<PathBuf> = Vec::new();
        let frames = self.steps.display(result.path(), scratch, |picture| {
            let file = scratch.join(format!("{index}.frame{}.png", files.len()));
            write_png(&picture, self.order.dpi, &file)?;
            files.push(file);
            Ok(())
        });
        let shown = frames.await.map_err(stopped);
        let mut put = shown.map(|_| ());
        for (number, file) in (1..).zip(&files) {
            if put.is_ok() {
                let number = (files.len() > 1).then_some(number);
                let to = picture_place(of, number);
                put = match self.overwrites_input(&to) {
                    true => Err(overwrites()),
                    // one without its object is of a run that was ended
                    false => {
                        let written = self.store.put(file, &to, true, "image/png").await;
                        written.map(|_| ()).map_err(End::Failed)
                    }
                };
            }
            let _ = std::fs::remove_file(file);
        }
        put
    }

    fn target(&self, input: &Input, identifiers: &Identifiers) -> Target {
        let named = self.names.named(&input.parts, identifiers, self.order.out.is_some());
        self.placed(input, named)
    }

    fn picture_target(&self, input: &Input, kind: ImageKind, known: &Identifiers) -> Target {
        match self.order.naming {
            Naming::DeId => self.target(input, known),
            Naming::Uid => {
                let pseudonym = self.names.pseudonym(&input.parts.join("/"));
                let name = format!("{PREFIX}{pseudonym}.{}", kind.extension());
                self.placed(input, Named { parts: vec![name], replaced: false })
            }
        }
    }

    fn placed(&self, input: &Input, named: Named) -> Target {
        let below = match &self.order.out {
            Some(out) => out.clone(),
            None => input.place.parent(),
        };
        let place = below.below(&named.parts);
        Target { place, shown: named.parts.join("/"), renamed: named.replaced }
    }

    fn by_uid(&self, result: &Deidentified, input: &Place) -> Target {
        let uids = (result.study_uid(), result.series_uid(), result.sop_instance_uid());
        let below = object_path(Path::new(""), uids.0, uids.1, uids.2);
        let parts: Vec<String> =
            below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let out = self.order.out.clone().unwrap_or_else(|| input.parent());
        Target { place: out.below(&parts), shown: parts.join("/"), renamed: false }
    }

    /// Whether there is nothing to do, because the result is there.
    async fn skipped(&self, target: &Target) -> Result<Option<End>, End> {
        if self.overwrites_input(&target.place) {
            return Err(overwrites());
        }
        if self.order.force {
            return Ok(None);
        }
        let has = self.store.has(&target.place).await.map_err(End::Failed)?;
        Ok(has.then(|| End::Skipped { output: target.shown.clone() }))
    }

    async fn put(&self, from: &Path, target: &Target, content_type: &str) -> Result<(), End> {
        let to = target.place.resolved();
        if self.overwrites_input(&to) {
            return Err(overwrites());
        }
        let is_first =
            self.claimed.lock().map(|mut claimed| claimed.insert(to.clone())).unwrap_or(false);
        let replace = self.order.force && is_first;
        match self.store.put(from, &to, replace, content_type).await.map_err(End::Failed)? {
            Put::Written => Ok(()),
            Put::Taken if is_same(from, &to) => Ok(()),
            Put::Taken if self.order.naming == Naming::Uid => {
                let detail = "the output folder holds another object with the same new UID";
                Err(End::Held(Hold::new(HoldReason::ChangedDuplicate, detail)))
            }
            Put::Taken if is_first => Err(End::Skipped { output: target.shown.clone() }),
            Put::Taken => Err(End::Failed(
                "another input of this run has a result of the same name: redact it by itself"
                    .into(),
            )),
        }
    }

    fn overwrites_input(&self, place: &Place) -> bool {
        self.inputs.contains(&place.resolved())
    }
}

fn overwrites() -> End {
    End::Failed("its result would have the name of an input: choose another --out".into())
}

/// The kind of a picture file; none for what has to be an object.
fn kind_of(file: &Path) -> Option<ImageKind> {
    let mut first = Vec::with_capacity(KIND_BYTES);
    let file = std::fs::File::open(file).ok()?;
    file.take(KIND_BYTES as u64).read_to_end(&mut first).ok()?;
    ImageKind::of(&first)
}

fn stopped(error: RunError) -> End {
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

fn is_same(from: &Path, to: &Place) -> bool {
    match to {
        Place::File(to) => {
            let read = |path: &Path| std::fs::read(path).ok();
            read(from).is_some_and(|one| read(to).is_some_and(|other| one == other))
        }
        Place::Object { .. } => false,
    }
}

fn picture_place(of: &Place, number: Option<usize>) -> Place {
    let named = |name: &str| match number {
        Some(number) => format!("{name}.{number:04}.png"),
        None => format!("{name}.png"),
    };
    match of {
        Place::File(path) => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Place::File(path.with_file_name(named(&name.unwrap_or_default())))
        }
        Place::Object { bucket, key } => Place::Object { bucket: bucket.clone(), key: named(key) },
    }
}

fn write_png(picture: &Picture, dpi: u16, to: &Path) -> std::io::Result<()> {
    let file = std::io::BufWriter::new(std::fs::File::create(to)?);
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    let grey = picture.samples == 1;
    encoder.set_color(if grey { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    let dots = (f64::from(dpi) / 0.0254).round() as u32;
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: dots, yppu: dots, unit }));
    let failed = |error: png::EncodingError| std::io::Error::other(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&picture.data).map_err(failed)?;
    writer.finish().map_err(failed)
}
