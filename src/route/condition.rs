//! One condition of a route, and its answer: yes, no, or not known.

use super::Known;
use crate::config::{HeaderAttribute, Networks, Patterns, Route, SopClasses};
use crate::deid::header::HeaderFact;
use std::fmt;

/// Of three values, so that what is not known is not taken for a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown,
}

impl Answer {
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

/// What an attribute must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderTest {
    Is(Patterns),
    Present,
    Absent,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Calling(Patterns),
    Called(Patterns),
    Peer(Networks),
    SopClass(SopClasses),
    Header {
        attribute: HeaderAttribute,
        /// Among the attributes of all routes.
        index: usize,
        test: HeaderTest,
    },
}

/// The conditions of a route; attributes that no other asked for are added.
pub(super) fn all(route: &Route, attributes: &mut Vec<HeaderAttribute>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.extend(route.calling_ae_title.clone().map(Condition::Calling));
    conditions.extend(route.called_ae_title.clone().map(Condition::Called));
    conditions.extend(route.peer.clone().map(Condition::Peer));
    conditions.extend(route.sop_class.clone().map(Condition::SopClass));
    let modality =
        route.modality.clone().map(|is| (HeaderAttribute::modality(), HeaderTest::Is(is)));
    let others = route.header.iter().map(|condition| {
        let test = match (&condition.is, condition.present) {
            (Some(patterns), _) => HeaderTest::Is(patterns.clone()),
            (None, Some(false)) => HeaderTest::Absent,
            (None, _) => HeaderTest::Present,
        };
        (condition.attribute.clone(), test)
    });
    for (attribute, test) in modality.into_iter().chain(others) {
        let known = attributes.iter().position(|other| other.path() == attribute.path());
        let index = known.unwrap_or_else(|| {
            attributes.push(attribute.clone());
            attributes.len() - 1
        });
        conditions.push(Condition::Header { attribute, index, test });
    }
    conditions
}

impl Condition {
    pub(super) fn answer(&self, known: &Known<'_>, header: Option<&[HeaderFact]>) -> Answer {
        Answer::of(match self {
            Self::Calling(patterns) => known.calling_ae_title.map(|title| patterns.fits(title)),
            Self::Called(patterns) => known.called_ae_title.map(|title| patterns.fits(title)),
            Self::Peer(networks) => known.peer.map(|peer| networks.contain(peer)),
            Self::SopClass(classes) => known.sop_class_uid.map(|uid| classes.fit(uid)),
            Self::Header { index, test, .. } => {
                header.and_then(|facts| facts.get(*index)).and_then(|fact| test.meets(fact))
            }
        })
    }

    /// Whether what meets `other` meets this one too; `false` may be an answer too careful.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Calling(a), Self::Calling(b)) | (Self::Called(a), Self::Called(b)) => {
                a.covers(b)
            }
            (Self::Peer(a), Self::Peer(b)) => a.covers(b),
            (Self::SopClass(a), Self::SopClass(b)) => a.covers(b),
            (Self::Header { index: a, test: x, .. }, Self::Header { index: b, test: y, .. }) => {
                a == b && x.covers(y)
            }
            _ => false,
        }
    }

    /// Whether nothing meets both; `false` may be an answer too careful.
    pub(super) fn apart(&self, other: &Self) -> bool {
        use HeaderTest::{Absent, Is, Present};
        match (self, other) {
            (Self::Calling(a), Self::Calling(b)) | (Self::Called(a), Self::Called(b)) => a.apart(b),
            (Self::Peer(a), Self::Peer(b)) => a.apart(b),
            (Self::SopClass(a), Self::SopClass(b)) => a.apart(b),
            (
                Self::Header { index: i, test: a, attribute },
                Self::Header { index: j, test: b, .. },
            ) => {
                let single = attribute.path() == HeaderAttribute::modality().path();
                i == j
                    && match (a, b) {
                        // Other attributes may have several values, one for each.
                        (Is(a), Is(b)) => single && a.apart(b),
                        (Absent, Is(_) | Present) | (Is(_) | Present, Absent) => true,
                        _ => false,
                    }
            }
            _ => false,
        }
    }

    /// What it asks about.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Calling(_) => "calling AE title".into(),
            Self::Called(_) => "called AE title".into(),
            Self::Peer(_) => "peer".into(),
            Self::SopClass(_) => "SOP class".into(),
            Self::Header { attribute, .. } => attribute.to_string(),
        }
    }

    /// What it asks of it.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Calling(patterns) | Self::Called(patterns) => patterns.to_string(),
            Self::Peer(networks) => networks.to_string(),
            Self::SopClass(classes) => classes.to_string(),
            Self::Header { test: HeaderTest::Is(patterns), .. } => patterns.to_string(),
            Self::Header { test: HeaderTest::Present, .. } => "present".into(),
            Self::Header { test: HeaderTest::Absent, .. } => "absent".into(),
        }
    }
}

impl HeaderTest {
    fn meets(&self, fact: &HeaderFact) -> Option<bool> {
        match (self, fact) {
            (Self::Is(_), HeaderFact::Unreadable) => None,
            (Self::Is(patterns), HeaderFact::Values(values)) => {
                Some(values.iter().any(|value| patterns.fits(value.reveal())))
            }
            (Self::Is(_), HeaderFact::Absent | HeaderFact::Present) => Some(false),
            (Self::Present, fact) => Some(*fact != HeaderFact::Absent),
            (Self::Absent, fact) => Some(*fact == HeaderFact::Absent),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) => a.covers(b),
            // A pattern fits a value only.
            (Self::Present, Self::Is(_) | Self::Present) | (Self::Absent, Self::Absent) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject(), self.wanted())
    }
}
