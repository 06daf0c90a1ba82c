//! Reading regions with DetectText of Amazon Rekognition.

use super::sheet::{Region, RegionLine, Sheet, Word};
use super::{Aws, Service, micro_dollars};
use crate::deid::picture::{PixelRect, TextWord};
use crate::phi::Phi;
use crate::recognise::classify::{AskError, StudyTag};
use crate::recognise::recogniser::blocking;
use aws_sdk_rekognition::operation::detect_text::DetectTextOutput;
use aws_sdk_rekognition::primitives::Blob;
use aws_sdk_rekognition::types::{DetectTextFilters, DetectionFilter, Image, TextTypes};
use std::pin::Pin;
use std::sync::Arc;

/// The most bytes of a picture in a request.
const PICTURE_BYTES: usize = 5_242_880;
/// From so many words on there may be more than the 100 that are told.
const WORDS: usize = 95;
/// How often a region is cut into four.
const CUTS: u32 = 4;

type Read<'a> = Pin<Box<dyn Future<Output = Result<Vec<Vec<RegionLine>>, AskError>> + Send + 'a>>;

impl Aws {
    /// The lines of each region.
    pub(super) fn read<'a>(
        &'a self,
        regions: Vec<Region>,
        study: &'a StudyTag,
        cuts: u32,
    ) -> Read<'a> {
        Box::pin(async move {
            let mut all = vec![Vec::new(); regions.len()];
            let regions = Arc::new(regions);
            for sheet in Sheet::pack(&regions).into_iter().map(Arc::new) {
                match self.read_sheet(&sheet, &regions, study).await? {
                    Some(lines) => lines.into_iter().for_each(|(at, lines)| all[at] = lines),
                    None => self.read_apart(&sheet, &regions, study, cuts, &mut all).await?,
                }
            }
            Ok(all)
        })
    }

    /// The lines of each region of a sheet; none if it is too much for one request.
    async fn read_sheet(
        &self,
        sheet: &Arc<Sheet>,
        regions: &Arc<Vec<Region>>,
        study: &StudyTag,
    ) -> Result<Option<Vec<(usize, Vec<RegionLine>)>>, AskError> {
        let (of, with) = (Arc::clone(sheet), Arc::clone(regions));
        let png = blocking(move || of.png(&with)).await.ok().flatten();
        let png = png.ok_or_else(|| AskError::Refused("a region that makes no PNG".into()))?;
        if png.len() > PICTURE_BYTES {
            return Ok(None);
        }
        let words = self.detect_text(png, study).await?;
        Ok((words.len() < WORDS).then(|| sheet.lines(&words, regions)))
    }

    /// Reads the regions of a sheet in smaller parts.
    async fn read_apart(
        &self,
        sheet: &Sheet,
        regions: &[Region],
        study: &StudyTag,
        cuts: u32,
        all: &mut [Vec<RegionLine>],
    ) -> Result<(), AskError> {
        let numbers = sheet.regions();
        if let [only] = numbers[..] {
            let quarters = (cuts < CUTS).then(|| regions[only].quarters()).flatten();
            let too_much = || AskError::Refused("more text in one place than can be told".into());
            let quarters = quarters.ok_or_else(too_much)?;
            let (corners, parts): (Vec<_>, Vec<_>) =
                quarters.into_iter().map(|(left, top, part)| ((left, top), part)).unzip();
            let read = self.read(parts, study, cuts + 1).await?;
            for ((left, top), lines) in corners.into_iter().zip(read) {
                all[only].extend(lines.into_iter().map(|line| moved(line, left, top)));
            }
            return Ok(());
        }
        let (first, second) = numbers.split_at(numbers.len() / 2);
        for half in [first, second] {
            let parts = half.iter().map(|number| regions[*number].clone()).collect();
            let read = self.read(parts, study, cuts).await?;
            half.iter().zip(read).for_each(|(number, lines)| all[*number] = lines);
        }
        Ok(())
    }

    /// Asks about a small black picture.
    pub(super) async fn see_nothing(&self, study: &StudyTag) -> Result<(), AskError> {
        let nothing = Region { width: 1, height: 1, data: vec![0; 3], words: 0, small: false };
        let sheet = Sheet::pack(std::slice::from_ref(&nothing)).pop();
        let png = sheet.and_then(|sheet| sheet.png(std::slice::from_ref(&nothing)));
        let png = png.ok_or_else(|| AskError::Refused("a picture that makes no PNG".into()))?;
        self.detect_text(png, study).await.map(|_| ())
    }

    /// The words that Rekognition finds in a PNG.
    pub(super) async fn detect_text(
        &self,
        png: Vec<u8>,
        study: &StudyTag,
    ) -> Result<Vec<Word>, AskError> {
        // The default of the filter is documented twice, and not alike.
        let confidence =
            DetectionFilter::builder().min_confidence(self.settings.min_confidence).build();
        let call = async {
            let client = &self.clients().await.rekognition;
            let image = Image::builder().bytes(Blob::new(png)).build();
            let filters = DetectTextFilters::builder().word_filter(confidence).build();
            client.detect_text().image(image).filters(filters).send().await
        };
        let cost = micro_dollars(self.settings.cost_per_image);
        let answer = self.ask(Service::Rekognition, cost, study, call).await?;
        Ok(words(&answer))
    }
}

fn words(answer: &DetectTextOutput) -> Vec<Word> {
    let detections = answer.text_detections().iter();
    let words = detections.filter(|one| one.r#type() == Some(&TextTypes::Word));
    words
        .filter_map(|one| {
            let place = one.geometry()?.bounding_box()?;
            Some(Word {
                text: Phi::new(one.detected_text()?.to_owned()),
                line: one.parent_id().or(one.id())?,
                confidence: one.confidence()? / 100.0,
                left: place.left()?,
                top: place.top()?,
                width: place.width()?,
                height: place.height()?,
            })
        })
        .collect()
}

fn moved(line: RegionLine, left: u32, top: u32) -> RegionLine {
    let by = |area: PixelRect| area.moved(left, top);
    let words = line.words.into_iter();
    let words = words.map(|word| TextWord { area: by(word.area), ..word }).collect();
    RegionLine { area: by(line.area), words, ..line }
}
