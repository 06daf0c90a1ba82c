//! Where results go, and that nothing is lost there.
//!
//! Invariants: no result gets the name of an input; two inputs of a run never share one; what is there is
//! replaced only where that was asked for.

use super::inputs::Input;
use super::names::{Named, PREFIX};
use super::place::Put;
use super::{End, Naming, Place, Run};
use crate::deid::accept::Deidentified;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::Identifiers;
use crate::deid::image_file::ImageKind;
use crate::forward::object_path;
use std::path::Path;

/// Where a result goes, and whether its name had to be replaced.
pub(super) struct Target {
    pub place: Place,
    /// Without the folders that were not looked at.
    pub shown: String,
    pub renamed: bool,
}

impl Run {
    pub(super) fn target(&self, input: &Input, identifiers: &Identifiers) -> Target {
        let named = self.names.named(&input.parts, identifiers, self.order.out.is_some());
        self.placed(input, named)
    }

    pub(super) fn picture_target(
        &self,
        input: &Input,
        kind: ImageKind,
        known: &Identifiers,
    ) -> Target {
        match self.order.naming {
            Naming::DeId => self.target(input, known),
            Naming::Uid => {
                let pseudonym = self.names.pseudonym(&input.parts.join("/"));
                let name = format!("{PREFIX}{pseudonym}.{}", kind.extension());
                self.placed(input, Named { parts: vec![name], replaced: false })
            }
        }
    }

    pub(super) fn placed(&self, input: &Input, named: Named) -> Target {
        let below = match &self.order.out {
            Some(out) => out.clone(),
            None => input.place.parent(),
        };
        let place = below.below(&named.parts);
        Target { place, shown: named.parts.join("/"), renamed: named.replaced }
    }

    pub(super) fn by_uid(&self, result: &Deidentified, input: &Place) -> Target {
        let uids = (result.study_uid(), result.series_uid(), result.sop_instance_uid());
        let below = object_path(Path::new(""), uids.0, uids.1, uids.2);
        let parts: Vec<String> =
            below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let out = self.order.out.clone().unwrap_or_else(|| input.parent());
        Target { place: out.below(&parts), shown: parts.join("/"), renamed: false }
    }

    /// Whether there is nothing to do, because the result is there.
    pub(super) async fn skipped(&self, target: &Target) -> Result<Option<End>, End> {
        if self.overwrites_input(&target.place) {
            return Err(overwrites());
        }
        if self.order.force {
            return Ok(None);
        }
        let has = self.store.has(&target.place).await.map_err(End::Failed)?;
        Ok(has.then(|| End::Skipped { output: target.shown.clone() }))
    }

    pub(super) async fn put(
        &self,
        from: &Path,
        target: &Target,
        content_type: &str,
    ) -> Result<(), End> {
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

    pub(super) fn overwrites_input(&self, place: &Place) -> bool {
        self.inputs.contains(&place.resolved())
    }
}

pub(super) fn overwrites() -> End {
    End::Failed("its result would have the name of an input: choose another --out".into())
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
