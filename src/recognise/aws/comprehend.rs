//! Marking passages with DetectPHI of Amazon Comprehend Medical.
//!
//! Invariants: passages share a request with blank lines between, and what an entity covers of each is told
//! of each; offsets are code points, as the service counts them; a passage that is too long is cut
//! between words; no request is empty.

use super::memory::Key;
use super::{Aws, Service, micro_dollars};
use crate::config::Fallback;
use crate::deid::burned_in::{PhiEntity, PhiKind};
use crate::phi::Phi;
use crate::recognise::classify::{AskError, Classifying, PhiClassifier, StudyTag};
use aws_sdk_comprehendmedical::operation::detect_phi::DetectPhiOutput;
use aws_sdk_comprehendmedical::types::EntitySubType;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The service takes 20,000 bytes.
const REQUEST_BYTES: usize = 19_000;
/// Between passages: nothing goes on over it.
const BETWEEN: &str = "\n\n";
/// Characters of a unit that is paid for.
const UNIT_CHARS: usize = 100;

/// Text that is sent at once.
#[derive(Default)]
struct Request {
    text: String,
    chars: usize,
    parts: Vec<Part>,
}

/// A passage in a request, or a part of one.
struct Part {
    passage: usize,
    /// Code points of the passage before it.
    before: usize,
    /// Its code points in the request.
    chars: Range<usize>,
}

impl PhiClassifier for Aws {
    fn classify<'a>(&'a self, passages: &'a [Phi<String>], study: &'a StudyTag) -> Classifying<'a> {
        Box::pin(async move {
            match self.entities(passages, study).await {
                Err(AskError::Unavailable(_)) if self.settings.fallback == Fallback::Local => {
                    self.counts.fell_back();
                    Ok(vec![Vec::new(); passages.len()])
                }
                told => told,
            }
        })
    }
}

impl Aws {
    pub(super) async fn entities(
        &self,
        passages: &[Phi<String>],
        study: &StudyTag,
    ) -> Result<Vec<Vec<PhiEntity>>, AskError> {
        let keys: Vec<Key> =
            passages.iter().map(|one| self.passages.key(&[one.reveal().as_bytes()])).collect();
        let mut told: Vec<Option<Arc<Vec<PhiEntity>>>> =
            keys.iter().map(|key| self.passages.get(key)).collect();
        told.iter().flatten().for_each(|_| self.counts.remembered());
        let mut asked = HashSet::new();
        let new: Vec<usize> = (0..passages.len())
            .filter(|at| told[*at].is_none() && asked.insert(keys[*at]))
            .collect();
        let mut found: Vec<Vec<PhiEntity>> = vec![Vec::new(); passages.len()];
        for request in requests(passages, &new) {
            let entities = self.detect_phi(&request, study).await?;
            for entity in entities {
                for (passage, entity) in request.of_passages(&entity) {
                    found[passage].push(entity);
                }
            }
        }
        for at in new {
            let entities = Arc::new(std::mem::take(&mut found[at]));
            self.passages.put(keys[at], Arc::clone(&entities));
            // The same text may stand there again.
            let alike = keys.iter().zip(&mut told).filter(|(key, _)| **key == keys[at]);
            alike.for_each(|(_, told)| *told = Some(Arc::clone(&entities)));
        }
        Ok(told.into_iter().map(|told| told.as_deref().cloned().unwrap_or_default()).collect())
    }

    async fn detect_phi(
        &self,
        request: &Request,
        study: &StudyTag,
    ) -> Result<Vec<PhiEntity>, AskError> {
        let units = request.chars.div_ceil(UNIT_CHARS).max(1);
        let cost = micro_dollars(self.settings.cost_per_unit * units as f64);
        self.counts.sent(request.chars as u64);
        let call = async {
            let client = &self.clients().await.comprehend;
            client.detect_phi().text(&request.text).send().await
        };
        let answer = self.ask(Service::Comprehend, cost, study, call).await?;
        Ok(told(&answer, self.settings.phi_detection_threshold))
    }
}

/// The passages of these numbers in as few requests as their bytes allow.
fn requests(passages: &[Phi<String>], numbers: &[usize]) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    for number in numbers {
        let mut before = 0;
        for part in cut(passages[*number].reveal()) {
            let chars = part.chars().count();
            if !part.trim().is_empty() {
                let fits = |request: &Request| {
                    request.text.len() + BETWEEN.len() + part.len() <= REQUEST_BYTES
                };
                if !requests.last().is_some_and(fits) {
                    requests.push(Request::default());
                }
                if let Some(request) = requests.last_mut() {
                    request.push(*number, before, part, chars);
                }
            }
            before += chars;
        }
    }
    requests
}

/// A text in parts that are short enough, cut behind a blank where there is one.
fn cut(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while text.len() > REQUEST_BYTES {
        let mut end = REQUEST_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let blank = text[..end].rfind(char::is_whitespace).filter(|at| *at > 0);
        // A blank may have several bytes: the cut is in front of it.
        let (part, rest) = text.split_at(blank.unwrap_or(end));
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}

impl Request {
    fn push(&mut self, passage: usize, before: usize, part: &str, chars: usize) {
        if !self.parts.is_empty() {
            self.text.push_str(BETWEEN);
            self.chars += BETWEEN.chars().count();
        }
        self.text.push_str(part);
        self.parts.push(Part { passage, before, chars: self.chars..self.chars + chars });
        self.chars += chars;
    }

    /// What an entity covers of each passage.
    fn of_passages<'r>(
        &'r self,
        entity: &'r PhiEntity,
    ) -> impl Iterator<Item = (usize, PhiEntity)> + 'r {
        self.parts.iter().filter_map(move |part| {
            let begin = entity.chars.start.max(part.chars.start);
            let end = entity.chars.end.min(part.chars.end);
            let of_passage = |at: usize| at - part.chars.start + part.before;
            (begin < end).then(|| {
                let chars = of_passage(begin)..of_passage(end);
                (part.passage, PhiEntity { chars, ..entity.clone() })
            })
        })
    }
}

/// The entities of an answer that score at least so much.
fn told(answer: &DetectPhiOutput, threshold: f32) -> Vec<PhiEntity> {
    let entities = answer.entities().iter().filter_map(|entity| {
        let at = |offset: Option<i32>| usize::try_from(offset?).ok();
        let chars = at(entity.begin_offset())?..at(entity.end_offset())?;
        // What has no score is as sure as can be.
        let score = entity.score().unwrap_or(1.0);
        Some(PhiEntity { chars, kind: kind(entity.r#type()), score })
    });
    entities.filter(|entity| entity.score >= threshold).collect()
}

fn kind(told: Option<&EntitySubType>) -> PhiKind {
    match told {
        Some(EntitySubType::Name) => PhiKind::Name,
        Some(EntitySubType::Age) => PhiKind::Age,
        Some(EntitySubType::Date) => PhiKind::Date,
        Some(EntitySubType::Address) => PhiKind::Address,
        Some(EntitySubType::Id) => PhiKind::Id,
        Some(EntitySubType::PhoneOrFax) => PhiKind::PhoneOrFax,
        Some(EntitySubType::Email) => PhiKind::Email,
        Some(EntitySubType::Url) => PhiKind::Url,
        Some(EntitySubType::Profession) => PhiKind::Profession,
        _ => PhiKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passages(texts: &[&str]) -> Vec<Phi<String>> {
        texts.iter().map(|text| Phi::new((*text).to_owned())).collect()
    }

    /// What stands at the code points.
    fn at(text: &str, chars: &Range<usize>) -> String {
        text.chars().skip(chars.start).take(chars.len()).collect()
    }

    #[test]
    fn passages_share_a_request_and_entities_find_back_whatever_stands_before_them() {
        let passages = passages(&["é😀 Jürgen MÜLLER", "", "ANN 😀"]);
        let requests = requests(&passages, &[0, 1, 2]);
        assert_eq!(requests.len(), 1);
        let request = &requests[0];
        assert_eq!(request.text, "é😀 Jürgen MÜLLER\n\nANN 😀");
        assert_eq!(request.chars, request.text.chars().count());
        let entity = |chars| PhiEntity { chars, kind: PhiKind::Name, score: 0.5 };
        let name = entity(3..16);
        assert_eq!(at(&request.text, &name.chars), "Jürgen MÜLLER");
        let found: Vec<_> = request.of_passages(&name).collect();
        assert_eq!(found, [(0, entity(3..16))]);
        let over_both: Vec<_> = request.of_passages(&entity(10..21)).collect();
        assert_eq!(over_both, [(0, entity(10..16)), (2, entity(0..3))]);
    }

    #[test]
    fn an_entity_at_the_threshold_counts_and_so_does_a_type_that_is_not_known() {
        let entity = |score: f32, kind: &str| {
            let entity = aws_sdk_comprehendmedical::types::Entity::builder();
            let entity = entity.begin_offset(2).end_offset(5).score(score);
            entity.r#type(EntitySubType::from(kind)).build()
        };
        let answer = DetectPhiOutput::builder()
            .entities(entity(0.5, "NAME"))
            .entities(entity(0.499, "NAME"))
            .entities(entity(0.0, "SOMETHING_NEW"))
            .model_version("1")
            .build()
            .expect("an answer");
        let kinds = |threshold| -> Vec<PhiKind> {
            told(&answer, threshold).into_iter().map(|entity| entity.kind).collect()
        };
        assert_eq!(kinds(0.5), [PhiKind::Name]);
        assert_eq!(kinds(0.0), [PhiKind::Name, PhiKind::Name, PhiKind::Other]);
        assert_eq!(kinds(1.0), []);
    }

    #[test]
    fn long_passages_are_cut_between_words_and_nothing_is_lost() {
        let long = "wörd ".repeat(9_000);
        let glued = "x".repeat(45_000);
        let texts = passages(&[&long, &glued]);
        let requests = requests(&texts, &[0, 1]);
        assert!(requests.iter().all(|request| request.text.len() <= REQUEST_BYTES));
        for (number, text) in texts.iter().enumerate() {
            let mut whole = String::new();
            for request in &requests {
                for part in request.parts.iter().filter(|part| part.passage == number) {
                    assert_eq!(part.before, whole.chars().count());
                    whole.push_str(&at(&request.text, &part.chars));
                }
            }
            assert_eq!(whole, *text.reveal());
        }
        let first = &requests[0].text;
        assert!(first.ends_with("wörd"), "between words");
    }
}
