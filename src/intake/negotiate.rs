//! What is answered to an A-ASSOCIATE-RQ (PS3.8 section 9.3.2 and annex D of PS3.7).
//!
//! dicom-ul encodes and decodes; its own acceptor is not used because it can not refuse with other
//! reasons than those of the service user, asks nothing about the connection, and takes the first
//! transfer syntax that is proposed whatever it is.

use crate::dimse::{commitment, syntaxes};
use crate::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderASCEReason,
    AssociationRJServiceProviderPresentationReason, AssociationRJServiceUserReason,
    AssociationRJSource, AssociationRQ, PresentationContextProposed, PresentationContextResult,
    PresentationContextResultReason, RequestorRoles, UserIdentity, UserVariableItem,
};
use std::collections::{BTreeMap, BTreeSet};

/// The one application context (PS3.7 section A.2.1).
const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Bit 0 is version 1 (PS3.8 section 9.3.2).
const PROTOCOL_VERSION: u16 = 1;
/// A User Identity sub-item of a response (PS3.7 section D.3.3.7.2).
const USER_IDENTITY_AC: u8 = 0x59;

/// Why an Association is refused; of what a sender can lack, the later is nearer to being let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    ProtocolVersion,
    ApplicationContext,
    Contexts,
    Calling,
    Certificate,
    Called,
    User,
    Busy,
    Stopping,
}

impl Rejection {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::ProtocolVersion,
        Self::ApplicationContext,
        Self::Contexts,
        Self::Calling,
        Self::Certificate,
        Self::Called,
        Self::User,
        Self::Busy,
        Self::Stopping,
    ];

    /// The A-ASSOCIATE-RJ (PS3.8 section 9.3.4).
    pub fn pdu(self) -> AssociationRJ {
        use AssociationRJResult::{Permanent, Transient};
        use AssociationRJServiceProviderASCEReason as Acse;
        use AssociationRJServiceProviderPresentationReason as Presentation;
        use AssociationRJServiceUserReason as User;
        use AssociationRJSource::{ServiceProviderASCE, ServiceProviderPresentation, ServiceUser};
        let (result, source) = match self {
            Self::ProtocolVersion => {
                (Permanent, ServiceProviderASCE(Acse::ProtocolVersionNotSupported))
            }
            Self::ApplicationContext => {
                (Permanent, ServiceUser(User::ApplicationContextNameNotSupported))
            }
            Self::Contexts => (Permanent, ServiceProviderASCE(Acse::NoReasonGiven)),
            Self::Called => (Permanent, ServiceUser(User::CalledAETitleNotRecognized)),
            Self::Calling | Self::Certificate => {
                (Permanent, ServiceUser(User::CallingAETitleNotRecognized))
            }
            // PS3.7 section D.3.3.7.3
            Self::User => (Permanent, ServiceProviderASCE(Acse::NoReasonGiven)),
            Self::Busy => {
                (Transient, ServiceProviderPresentation(Presentation::LocalLimitExceeded))
            }
            Self::Stopping => {
                (Transient, ServiceProviderPresentation(Presentation::TemporaryCongestion))
            }
        };
        AssociationRJ { result, source }
    }

    /// For the log and the metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::ProtocolVersion => "protocol-version",
            Self::ApplicationContext => "application-context",
            Self::Contexts => "presentation-contexts",
            Self::Called => "called-ae-title",
            Self::Calling => "calling-ae-title",
            Self::Certificate => "certificate",
            Self::User => "user-identity",
            Self::Busy => "busy",
            Self::Stopping => "stopping",
        }
    }
}

/// What a peer that was let in may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    pub storage: bool,
    pub commitment: bool,
    /// Its user identity was asked for and is right; only then it is confirmed.
    pub user_was_checked: bool,
}

/// An accepted Presentation Context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub abstract_syntax: String,
    pub transfer_syntax: String,
}

/// What a peer asks for, before anything is decided.
pub struct Request {
    pub calling_ae_title: String,
    pub called_ae_title: String,
    contexts: Vec<PresentationContextProposed>,
    roles: Vec<(String, RequestorRoles)>,
    pub user: Option<UserIdentity>,
}

impl Request {
    /// Takes the request apart; a version or an application context of others is refused, and so are
    /// contexts whose ids are even or repeated: at most 128 remain (PS3.8 section 9.3.2.2).
    pub fn new(rq: AssociationRQ) -> Result<Self, Rejection> {
        if rq.protocol_version & PROTOCOL_VERSION == 0 {
            return Err(Rejection::ProtocolVersion);
        }
        let ids: BTreeSet<u8> = rq.presentation_contexts.iter().map(|c| c.id).collect();
        if ids.len() != rq.presentation_contexts.len() || ids.iter().any(|id| id % 2 == 0) {
            return Err(Rejection::Contexts);
        }
        if rq.application_context_name.trim_end_matches(['\0', ' ']) != APPLICATION_CONTEXT {
            return Err(Rejection::ApplicationContext);
        }
        let (mut roles, mut user) = (Vec::new(), None);
        for item in rq.user_variables {
            match item {
                UserVariableItem::ScuScpRoleSelectionSubItem(class, role) => {
                    roles.push((class, role));
                }
                UserVariableItem::UserIdentityItem(identity) => user = Some(identity),
                _ => {}
            }
        }
        Ok(Self {
            calling_ae_title: rq.calling_ae_title,
            called_ae_title: rq.called_ae_title,
            contexts: rq.presentation_contexts,
            roles,
            user,
        })
    }

    /// The A-ASSOCIATE-AC, and each context that is accepted.
    pub fn accept(
        self,
        max_pdu_bytes: u32,
        offer: Offer,
    ) -> (AssociationAC, BTreeMap<u8, Context>) {
        let mut accepted = BTreeMap::new();
        let mut results = Vec::new();
        for context in &self.contexts {
            let result = negotiate(context, offer);
            if result.reason == PresentationContextResultReason::Acceptance {
                let abstract_syntax = uid(&context.abstract_syntax).to_owned();
                let transfer_syntax = result.transfer_syntax.clone();
                accepted.insert(context.id, Context { abstract_syntax, transfer_syntax });
            }
            results.push(result);
        }
        let mut user_variables = vec![
            UserVariableItem::MaxLength(max_pdu_bytes),
            UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS_UID.into()),
            UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION_NAME.into()),
        ];
        // Who reports results provides the service: that role is accepted, and no other one touched.
        let roles =
            self.roles.into_iter().filter(|(class, _)| uid(class) == commitment::PUSH_MODEL);
        user_variables.extend(
            roles.map(|(class, role)| UserVariableItem::ScuScpRoleSelectionSubItem(class, role)),
        );
        if offer.user_was_checked
            && self.user.is_some_and(|user| user.positive_response_requested())
        {
            // the length of a server response of no bytes, which a name or password has
            user_variables.push(UserVariableItem::Unknown(USER_IDENTITY_AC, vec![0, 0]));
        }
        let ac = AssociationAC {
            protocol_version: PROTOCOL_VERSION,
            application_context_name: APPLICATION_CONTEXT.into(),
            calling_ae_title: self.calling_ae_title,
            called_ae_title: self.called_ae_title,
            presentation_contexts: results,
            user_variables,
        };
        (ac, accepted)
    }
}

fn uid(text: &str) -> &str {
    text.trim_end_matches(['\0', ' '])
}

fn negotiate(context: &PresentationContextProposed, offer: Offer) -> PresentationContextResult {
    use PresentationContextResultReason as Reason;
    let class = uid(&context.abstract_syntax);
    let is_known = class == syntaxes::VERIFICATION
        || (offer.storage && syntaxes::is_storage(class))
        || (offer.commitment && class == commitment::PUSH_MODEL);
    let chosen = choose(&context.transfer_syntaxes);
    let (reason, transfer_syntax) = match (is_known, chosen) {
        (false, _) => (Reason::AbstractSyntaxNotSupported, syntaxes::IMPLICIT_VR_LE),
        (true, None) => (Reason::TransferSyntaxesNotSupported, syntaxes::IMPLICIT_VR_LE),
        (true, Some(chosen)) => (Reason::Acceptance, chosen),
    };
    let transfer_syntax = transfer_syntax.to_owned();
    PresentationContextResult { id: context.id, reason, transfer_syntax }
}

/// The first proposed one that we know; video, and pixels that are elsewhere, only if it is all there
/// is: nobody here can look at them.
fn choose(proposed: &[String]) -> Option<&str> {
    let known: Vec<&str> =
        proposed.iter().map(|text| uid(text)).filter(|uid| syntaxes::is_known(uid)).collect();
    let shown = known.iter().find(|uid| !syntaxes::is_video_or_elsewhere(uid));
    shown.or(known.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_ul::pdu::UserIdentityType;

    const STORAGE: Offer = Offer { storage: true, commitment: false, user_was_checked: false };
    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

    fn context(id: u8, class: &str, syntaxes: &[&str]) -> PresentationContextProposed {
        PresentationContextProposed {
            id,
            abstract_syntax: class.into(),
            transfer_syntaxes: syntaxes.iter().map(|uid| (*uid).to_owned()).collect(),
        }
    }

    fn request(contexts: Vec<PresentationContextProposed>) -> AssociationRQ {
        AssociationRQ {
            protocol_version: 1,
            calling_ae_title: "CT1".into(),
            called_ae_title: "DEID".into(),
            application_context_name: APPLICATION_CONTEXT.into(),
            presentation_contexts: contexts,
            user_variables: vec![],
        }
    }

    fn answers(contexts: Vec<PresentationContextProposed>) -> Vec<(u8, u8, String)> {
        let request = Request::new(request(contexts)).expect("understood");
        let (ac, accepted) = request.accept(65_536, STORAGE);
        let of = |result: PresentationContextResult| {
            let is_accepted = result.reason == PresentationContextResultReason::Acceptance;
            assert_eq!(accepted.contains_key(&result.id), is_accepted);
            (result.id, result.reason as u8, result.transfer_syntax)
        };
        ac.presentation_contexts.into_iter().map(of).collect()
    }

    #[test]
    fn each_context_is_answered_by_itself() {
        let (jpeg, video) = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102");
        let implicit = syntaxes::IMPLICIT_VR_LE;
        let answered = answers(vec![
            context(1, CT, &[jpeg, implicit]),
            context(3, CT, &[video, implicit]),
            context(5, CT, &[video]),
            context(7, CT, &["1.2.3"]),
            context(9, "1.2.840.10008.5.1.4.1.2.2.1", &[implicit]),
            context(11, commitment::PUSH_MODEL, &[implicit]),
            context(13, syntaxes::VERIFICATION, &[implicit]),
        ]);
        let expected = [
            (1, 0, jpeg),
            (3, 0, implicit),
            (5, 0, video),
            (7, 4, implicit),
            (9, 3, implicit),
            (11, 3, implicit),
            (13, 0, implicit),
        ];
        assert_eq!(answered, expected.map(|(id, reason, uid)| (id, reason, uid.to_owned())));
    }

    #[test]
    fn only_version_1_and_the_application_context_of_dicom_are_taken() {
        let with = |change: fn(&mut AssociationRQ)| {
            let mut rq = request(vec![]);
            change(&mut rq);
            Request::new(rq).err()
        };
        assert_eq!(with(|rq| rq.protocol_version = 3), None, "version 1 is among them");
        assert_eq!(with(|rq| rq.protocol_version = 2), Some(Rejection::ProtocolVersion));
        let other = with(|rq| rq.application_context_name = "1.2.3".into());
        assert_eq!(other, Some(Rejection::ApplicationContext));
    }

    #[test]
    fn even_and_repeated_context_ids_are_refused() {
        let implicit = syntaxes::IMPLICIT_VR_LE;
        for ids in [vec![1, 3, 3], vec![1, 2]] {
            let contexts = ids.iter().map(|id| context(*id, CT, &[implicit])).collect();
            assert_eq!(Request::new(request(contexts)).err(), Some(Rejection::Contexts));
        }
    }

    #[test]
    fn a_reporter_may_report_and_not_store() {
        let implicit = syntaxes::IMPLICIT_VR_LE;
        let contexts =
            vec![context(1, CT, &[implicit]), context(3, commitment::PUSH_MODEL, &[implicit])];
        let request = Request::new(request(contexts)).expect("understood");
        let offer = Offer { storage: false, commitment: true, user_was_checked: false };
        let (_, accepted) = request.accept(65_536, offer);
        assert_eq!(accepted.into_keys().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_user_who_was_checked_and_asks_for_an_answer_gets_one() {
        for asks in [false, true] {
            let mut rq = request(vec![]);
            let user = UserIdentity::new(asks, UserIdentityType::Username, b"ct".into(), vec![]);
            rq.user_variables.push(UserVariableItem::UserIdentityItem(user));
            let answer = UserVariableItem::Unknown(USER_IDENTITY_AC, vec![0, 0]);
            for user_was_checked in [false, true] {
                let offer = Offer { user_was_checked, ..STORAGE };
                let (ac, _) = Request::new(rq.clone()).expect("understood").accept(65_536, offer);
                let is_told = ac.user_variables.contains(&answer);
                assert_eq!(is_told, asks && user_was_checked);
            }
        }
    }

    #[test]
    fn the_service_role_is_for_storage_commitment_alone() {
        let mut rq = request(vec![]);
        let role = RequestorRoles { scu: false, scp: true };
        for class in [CT, commitment::PUSH_MODEL] {
            let item = UserVariableItem::ScuScpRoleSelectionSubItem(class.into(), role);
            rq.user_variables.push(item);
        }
        let (ac, _) = Request::new(rq)
            .expect("understood")
            .accept(65_536, Offer { commitment: true, ..STORAGE });
        let roles = ac.user_variables.into_iter().filter_map(|item| match item {
            UserVariableItem::ScuScpRoleSelectionSubItem(class, role) => Some((class, role)),
            _ => None,
        });
        assert_eq!(roles.collect::<Vec<_>>(), [(commitment::PUSH_MODEL.to_owned(), role)]);
    }

    #[test]
    fn what_passes_by_itself_is_refused_as_transient() {
        for (rejection, transient) in [
            (Rejection::Busy, true),
            (Rejection::Stopping, true),
            (Rejection::Calling, false),
            (Rejection::User, false),
        ] {
            let is_transient = rejection.pdu().result == AssociationRJResult::Transient;
            assert_eq!(is_transient, transient, "{rejection:?}");
        }
    }
}
