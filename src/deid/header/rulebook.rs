//! What becomes of each attribute under one profile, and by which rule.
//!
//! The first of these that says anything decides: the form of a data set; the profile's own rules;
//! for private attributes the safe list; for values of content items Table E.3.4-1; Table E.1-1 with the options in force; the project's
//! stricter rows; the value representation. `scrub`, the check of its result and `profile explain`
//! all ask here, so that none of them can drift.

use super::content::{self, ContentItem};
use super::opaque::{is_pixel_data, is_textual};
use super::safe_private::{self, is_creator};
use super::table::{self, Action, Cell, Row, Stricter, Table, TableError};
use super::{codes, content_table, declare, pseudonyms, standard_vr, types};
use crate::config::{
    ObjectFacts, Profile, ProfileOption, Rule, RuleAction, Undecodable, UnlistedText, When,
};
use dicom_core::VR;
use dicom_core::header::Tag;
use dicom_dictionary_std::tags;

/// Retired; it states the length of the data set that came.
const LENGTH_TO_END: Tag = Tag(0x0008, 0x0001);

/// What is done with an attribute. A sequence that is neither removed nor emptied is gone into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Treatment {
    Remove,
    Empty,
    /// A dummy of the VR; the items of a sequence are scrubbed, codes replaced.
    Dummy,
    /// UIDs are replaced under the key.
    MapUid,
    /// A keyed pseudonym of the value, or that of the patient.
    Pseudonym,
    /// The text of the rule with this index.
    Replace(usize),
    /// Dates move by the offset of the patient.
    ShiftDate,
    /// The value stays; text is searched for identifiers all the same.
    Keep,
    /// Text loses its identifiers.
    Clean,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It belongs to a file, a command or an encoding, not to what leaves.
    Form,
    /// A rule of the profile, by its index.
    Rule(usize),
    /// Table E.1-1, column Basic Profile: the row, and what it comes to for the Type.
    Table(Action, Action),
    /// Table E.3.4-1, column Basic Profile: the row of the content item.
    Content(Action),
    /// Table E.1-1 or E.3.4-1, column of an option.
    Option(ProfileOption),
    /// Private, and not known to be safe.
    Private,
    /// Private, and listed in Table E.3.10-1.
    SafePrivate,
    /// A row of the project's own.
    Stricter,
    /// PS3.6 does not list it.
    Unknown,
    /// Names, dates, times, ages and UIDs identify, whatever attribute holds them.
    ValueRepresentation,
    /// Text, of which the profile keeps none that nothing names.
    UnlistedText,
    /// Nothing asks for its removal.
    Unlisted,
}

/// What, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub treatment: Treatment,
    pub reason: Reason,
}

/// Where an attribute stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The object.
    pub facts: &'a ObjectFacts,
    /// The sequences around it, outermost first.
    pub path: &'a [Tag],
    /// Who defined it, if it is private and that is known.
    pub creator: Option<&'a str>,
    /// The content item whose attribute it is, if it is one of those.
    pub content: Option<ContentItem>,
}

/// A profile, ready to decide.
pub struct Rulebook {
    table: &'static Table,
    stricter: &'static Stricter,
    options: Vec<ProfileOption>,
    unlisted_text: UnlistedText,
    rules: Vec<Rule>,
    undecodable: Undecodable,
}

impl Rulebook {
    /// The rulebook of a profile; fails on shipped data that cannot be read.
    pub fn new(profile: &Profile) -> Result<Self, TableError> {
        content_table::shipped().map_err(TableError::from)?;
        Ok(Self {
            table: table::shipped()?,
            stricter: table::stricter()?,
            options: profile.options.clone(),
            unlisted_text: profile.unlisted_text,
            rules: profile.rules.clone(),
            undecodable: profile.undecodable,
        })
    }

    /// Whether a blank picture takes the place of pixels that cannot be decoded.
    pub fn blanks_undecodable(&self) -> bool {
        self.undecodable == Undecodable::Blank
    }

    /// Whether an option is in force.
    pub fn has(&self, option: ProfileOption) -> bool {
        self.options.contains(&option)
    }

    /// The options in force.
    pub fn options(&self) -> &[ProfileOption] {
        &self.options
    }

    /// What becomes of text that nothing names.
    pub fn unlisted_text(&self) -> UnlistedText {
        self.unlisted_text
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this index.
    pub fn rule(&self, index: usize) -> Option<&Rule> {
        self.rules.get(index)
    }

    /// What becomes of the attribute `tag` with a value of `vr`.
    pub fn decide(&self, place: Place, tag: Tag, vr: VR) -> Decision {
        if is_of_form(tag, place.path.len()) {
            return Decision { treatment: Treatment::Remove, reason: Reason::Form };
        }
        let fits = |index: &usize| self.rules[*index].when.fits(place.facts);
        match self.rules_for(place, tag).find(fits) {
            Some(index) => self.by_rule(index, tag, vr),
            None => self.without_rules(place, tag, vr),
        }
    }

    /// What may become of it whatever the object is: by each rule with the condition that the object
    /// must meet, and last for all others. Of `place.facts` the SOP class alone is asked, for the Type.
    pub fn outcomes(&self, place: Place, tag: Tag, vr: VR) -> Vec<(When, Decision)> {
        if is_of_form(tag, place.path.len()) {
            return vec![(When::default(), self.decide(place, tag, vr))];
        }
        let mut outcomes = Vec::new();
        for index in self.rules_for(place, tag) {
            let when = self.rules[index].when.clone();
            let is_last = when.is_always();
            outcomes.push((when, self.by_rule(index, tag, vr)));
            if is_last {
                return outcomes;
            }
        }
        outcomes.push((When::default(), self.without_rules(place, tag, vr)));
        outcomes
    }

    fn by_rule(&self, index: usize, tag: Tag, vr: VR) -> Decision {
        let wanted = of_rule(index, self.rules[index].action);
        let treatment = fitting(wanted, tag, vr).unwrap_or(Treatment::Dummy);
        Decision { treatment, reason: Reason::Rule(index) }
    }

    /// What the Standard, its options and the stricter rows say.
    fn without_rules(&self, place: Place, tag: Tag, vr: VR) -> Decision {
        let decided = |treatment, reason| Decision { treatment, reason };
        if tag.group() % 2 == 1 {
            return self.private(place, tag, vr);
        }
        if let Some(decision) = self.by_content(place.content, tag, vr) {
            return decision;
        }
        if let Some(row) = self.table.row(tag) {
            return self.by_row(row, place, tag, vr);
        }
        if standard_vr(tag).is_none() {
            return decided(Treatment::Remove, Reason::Unknown);
        }
        if tag.group() >> 8 == 0x60 {
            return decided(Treatment::Remove, Reason::Stricter);
        }
        if let Some((action, _)) = self.stricter.get(&tag) {
            let treatment = of_action(*action, tag);
            return decided(
                fitting(treatment, tag, vr).unwrap_or(Treatment::Remove),
                Reason::Stricter,
            );
        }
        self.by_vr(tag, vr)
    }

    /// The value of a content item, by its concept. `None`: as the attribute would be elsewhere.
    fn by_content(&self, item: Option<ContentItem>, tag: Tag, vr: VR) -> Option<Decision> {
        let Some(row) = item.and_then(|item| item.row(tag)) else {
            return (tag == tags::TEXT_VALUE)
                .then(|| self.unlisted_content(item, tag, vr))
                .flatten();
        };
        if let Some((option, cell)) = table::asked(&row.cells, &self.options)
            && let Some(treatment) = fitting(of_cell(option, cell), tag, vr)
        {
            return Some(Decision { treatment, reason: Reason::Option(option) });
        }
        let reason = Reason::Content(row.basic);
        Some(Decision { treatment: content::neutral(tag), reason })
    }

    /// Text of a content item that Table E.3.4-1 does not list.
    fn unlisted_content(&self, item: Option<ContentItem>, tag: Tag, vr: VR) -> Option<Decision> {
        let cleaning = [ProfileOption::CleanDescriptors, ProfileOption::CleanStructuredContent];
        if let Some(option) = cleaning.into_iter().find(|option| self.has(*option)) {
            return Some(Decision { treatment: Treatment::Clean, reason: Reason::Option(option) });
        }
        item.is_some_and(ContentItem::names_a_thing).then(|| self.by_vr(tag, vr))
    }

    fn by_row(&self, row: &Row, place: Place, tag: Tag, vr: VR) -> Decision {
        if let Some((option, cell)) = row.option(&self.options)
            && let Some(treatment) = fitting(of_cell(option, cell), tag, vr)
        {
            return Decision { treatment, reason: Reason::Option(option) };
        }
        let of_type = match place.path.last() {
            None => types::of(&place.facts.sop_class_uid, tag),
            Some(around) => types::nested(*around, tag),
        };
        let action = match (row.basic, of_type, vr) {
            // an empty sequence is an error where at least one item is asked for, which an optional
            // one mostly does
            (Action::XOrZ, None, VR::SQ) => Action::X,
            (action, ..) => action.for_type(of_type),
        };
        let treatment = fitting(of_action(action, tag), tag, vr).unwrap_or(Treatment::Empty);
        Decision { treatment, reason: Reason::Table(row.basic, action) }
    }

    fn private(&self, place: Place, tag: Tag, vr: VR) -> Decision {
        let safe = self.has(ProfileOption::RetainSafePrivate)
            && place.creator.is_some_and(|creator| safe_private::is_safe(creator, tag).is_some());
        if !safe {
            return Decision { treatment: Treatment::Remove, reason: Reason::Private };
        }
        let treatment = match self.by_vr(tag, vr).treatment {
            Treatment::Keep => Treatment::Clean,
            other => other,
        };
        let treatment = fitting(treatment, tag, vr).unwrap_or(Treatment::Keep);
        Decision { treatment, reason: Reason::SafePrivate }
    }

    /// An attribute that nothing lists. A later edition may name it; a name is one all the same.
    fn by_vr(&self, tag: Tag, vr: VR) -> Decision {
        let decided = |treatment, reason| Decision { treatment, reason };
        let dates = if self.has(ProfileOption::RetainFullDates) {
            Some((ProfileOption::RetainFullDates, Treatment::Keep))
        } else if self.has(ProfileOption::RetainModifiedDates) {
            Some((ProfileOption::RetainModifiedDates, Treatment::ShiftDate))
        } else {
            None
        };
        let patient = ProfileOption::RetainPatientCharacteristics;
        match (vr, dates) {
            (VR::DA | VR::DT | VR::TM, Some((option, treatment))) => {
                decided(treatment, Reason::Option(option))
            }
            (VR::AS, _) if self.has(patient) => decided(Treatment::Keep, Reason::Option(patient)),
            (VR::PN | VR::DA | VR::DT | VR::TM | VR::AS, _) => {
                decided(Treatment::Dummy, Reason::ValueRepresentation)
            }
            (VR::UI, _) if self.has(ProfileOption::RetainUids) => {
                decided(Treatment::Keep, Reason::Option(ProfileOption::RetainUids))
            }
            (VR::UI, _) => decided(Treatment::MapUid, Reason::ValueRepresentation),
            _ if self.unlisted_text == UnlistedText::Replace && is_free_text(tag, vr) => {
                decided(Treatment::Dummy, Reason::UnlistedText)
            }
            _ => decided(Treatment::Keep, Reason::Unlisted),
        }
    }

    /// The rules that select an attribute, in order, without asking which objects they are for.
    fn rules_for(&self, place: Place, tag: Tag) -> impl Iterator<Item = usize> {
        let private = tag.group() % 2 == 1;
        let selects = move |rule: &Rule| {
            let creator = match &rule.private_creator {
                Some(creator) => place.creator.is_some_and(|of| of == creator),
                None => !private,
            };
            creator && rule.attribute.as_ref().is_none_or(|a| a.selects(place.path, tag))
        };
        (0..self.rules.len()).filter(move |index| selects(&self.rules[*index]))
    }

    /// Whether any private attribute of this creator may stay; the reader leaves the others out.
    pub fn may_keep_private(&self, creator: &str, group: u16) -> bool {
        let by_rule = |rule: &Rule| {
            rule.private_creator.as_deref() == Some(creator) && rule.action != RuleAction::Remove
        };
        self.rules.iter().any(by_rule)
            || (self.has(ProfileOption::RetainSafePrivate)
                && safe_private::has_safe(creator, group))
    }

    /// The rules for this object that do less than the Standard with the options in force.
    pub fn weaker_rules(&self, facts: &ObjectFacts) -> Vec<usize> {
        let for_object = |index: &usize| self.rules[*index].when.fits(facts);
        (0..self.rules.len()).filter(for_object).filter(|index| self.is_weaker(*index)).collect()
    }

    /// The rules that do less, whatever the object.
    pub fn ever_weaker_rules(&self) -> Vec<usize> {
        (0..self.rules.len()).filter(|index| self.is_weaker(*index)).collect()
    }

    fn is_weaker(&self, index: usize) -> bool {
        let rule = &self.rules[index];
        let lets_through = matches!(
            rule.action,
            RuleAction::Keep | RuleAction::Clean | RuleAction::ShiftDate | RuleAction::Uid
        );
        let exact = rule.attribute.as_ref().and_then(|attribute| attribute.exact());
        let Some(tag) = exact.filter(|_| rule.private_creator.is_none()) else {
            // a mask or a private creator: what it lets through is not known one by one
            return lets_through;
        };
        let Some(row) = self.table.row(tag) else { return false };
        let vr = standard_vr(tag).map_or(VR::UN, |vr| vr.relaxed());
        if let Some((option, cell)) = row.option(&self.options) {
            let allowed = of_cell(option, cell);
            return lets_through
                && cell == Cell::Clean
                && fitting(of_rule(index, rule.action), tag, vr) != fitting(allowed, tag, vr);
        }
        match rule.action {
            RuleAction::Remove | RuleAction::Empty => false,
            // the items of a sequence that should be gone stay, scrubbed
            _ if vr == VR::SQ && row.basic == Action::X => true,
            // PS3.15 itself allows new UIDs there; in a sequence, only the items' UIDs change
            RuleAction::Uid => !matches!(row.basic, Action::U | Action::XOrZOrU),
            _ => lets_through,
        }
    }

    /// The reason in words, for reports and explanations.
    pub fn describe(&self, reason: Reason) -> String {
        match reason {
            Reason::Form => "not part of a data set that leaves".into(),
            Reason::Rule(index) => {
                let rule = self.rules.get(index).map(ToString::to_string).unwrap_or_default();
                format!("rule {}: {rule}", index + 1)
            }
            Reason::Table(row, action) if row == action => {
                format!("PS3.15 E.1-1 Basic Profile: {}", row.code())
            }
            Reason::Table(row, action) => {
                format!(
                    "PS3.15 E.1-1 Basic Profile: {}, by its Type: {}",
                    row.code(),
                    action.code()
                )
            }
            Reason::Content(action) => format!("PS3.15 E.3.4-1 Basic Profile: {}", action.code()),
            Reason::Option(option) => format!("PS3.15 {}", option.meaning()),
            Reason::Private => "private, not known to be safe".into(),
            Reason::SafePrivate => "PS3.15 E.3.10-1: a safe private attribute".into(),
            Reason::Stricter => "a stricter row of this gateway".into(),
            Reason::Unknown => "not in PS3.6".into(),
            Reason::ValueRepresentation => "names, dates, ages and UIDs that no row lists".into(),
            Reason::UnlistedText => "unlisted_text = \"replace\"".into(),
            Reason::Unlisted => "no row lists it; text is searched for identifiers".into(),
        }
    }
}

/// Attributes that no data set of the result takes over, whatever a profile says.
fn is_of_form(tag: Tag, depth: usize) -> bool {
    tag.group() < 0x0008
        || tag.element() == 0
        || tag == LENGTH_TO_END
        // written anew at the top level where it is needed; the writer does not end its scope
        || tag == tags::SPECIFIC_CHARACTER_SET
        || tag == tags::DATA_SET_TRAILING_PADDING
        || declare::STATEMENTS.contains(&tag)
        || (depth > 0 && is_pixel_data(tag))
        || (tag.group() % 2 == 1 && tag.element() < 0x1000 && !is_creator(tag))
}

/// Free text, and not a code, whose meaning is treated with its code, nor one of a few terms.
fn is_free_text(tag: Tag, vr: VR) -> bool {
    is_textual(vr)
        && !matches!(vr, VR::CS | VR::DS | VR::IS | VR::UI)
        && !codes::is_part_of_code(tag)
}

fn of_action(action: Action, tag: Tag) -> Treatment {
    match action {
        Action::X => Treatment::Remove,
        Action::U | Action::XOrZOrU => Treatment::MapUid,
        _ if pseudonyms::kind(tag).is_some() => Treatment::Pseudonym,
        Action::Z | Action::XOrZ => Treatment::Empty,
        Action::D | Action::ZOrD | Action::XOrD | Action::XOrZOrD => Treatment::Dummy,
    }
}

fn of_cell(option: ProfileOption, cell: Cell) -> Treatment {
    match (cell, option) {
        (Cell::Keep, _) => Treatment::Keep,
        (Cell::Clean, ProfileOption::RetainModifiedDates) => Treatment::ShiftDate,
        // AE titles and networks: told apart, not named
        (Cell::Clean, ProfileOption::RetainDeviceIdentity) => Treatment::Pseudonym,
        (Cell::Clean, _) => Treatment::Clean,
    }
}

fn of_rule(index: usize, action: RuleAction) -> Treatment {
    match action {
        RuleAction::Keep => Treatment::Keep,
        RuleAction::Remove => Treatment::Remove,
        RuleAction::Empty => Treatment::Empty,
        RuleAction::Dummy => Treatment::Dummy,
        RuleAction::Replace => Treatment::Replace(index),
        RuleAction::Pseudonym => Treatment::Pseudonym,
        RuleAction::Uid => Treatment::MapUid,
        RuleAction::ShiftDate => Treatment::ShiftDate,
        RuleAction::Clean => Treatment::Clean,
    }
}

/// The treatment where it can be given to a value of this VR, else `None`.
fn fitting(treatment: Treatment, tag: Tag, vr: VR) -> Option<Treatment> {
    let is_word =
        matches!(vr, VR::SH | VR::LO | VR::ST | VR::LT | VR::UC | VR::UT | VR::AE | VR::PN);
    let fits = match treatment {
        Treatment::Remove | Treatment::Empty => true,
        Treatment::Dummy if vr == VR::UI => return Some(Treatment::MapUid),
        Treatment::Dummy | Treatment::Keep => true,
        Treatment::MapUid => matches!(vr, VR::UI | VR::SQ),
        Treatment::Pseudonym if vr == VR::UI => return Some(Treatment::MapUid),
        Treatment::Pseudonym => is_word,
        Treatment::Replace(_) => is_textual(vr) && vr != VR::UI,
        // whole days: times of day and the time zone stay as they are
        Treatment::ShiftDate if vr == VR::TM || tag == tags::TIMEZONE_OFFSET_FROM_UTC => true,
        Treatment::ShiftDate => matches!(vr, VR::DA | VR::DT),
        Treatment::Clean if vr == VR::AE => return Some(Treatment::Pseudonym),
        Treatment::Clean => vr == VR::SQ || (is_textual(vr) && vr != VR::UI),
    };
    fits.then_some(treatment)
}
