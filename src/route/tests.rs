use super::*;
use crate::phi::Phi;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn known<'a>(calling: &'a str, called: &'a str) -> Known<'a> {
    Known {
        calling_ae_title: Some(calling),
        called_ae_title: Some(called),
        peer: Some(IpAddr::from([10, 0, 0, 7])),
        sop_class_uid: Some(CT),
    }
}

fn values(all: &[&str]) -> HeaderFact {
    HeaderFact::Values(all.iter().map(|value| Phi::new((*value).to_owned())).collect())
}

/// Where an object goes: project and destinations of each Job.
fn targets(decision: Decision) -> Vec<(String, String)> {
    let Decision::Deliver(targets) = decision else { panic!("not delivered: {decision:?}") };
    targets.into_iter().map(|target| (target.project, target.destinations.join(" "))).collect()
}

fn jobs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(project, to)| ((*project).to_owned(), (*to).to_owned())).collect()
}

#[test]
fn without_routes_every_object_goes_everywhere() {
    let config = Config::default();
    let routes = Routes::new(&config).expect("a route");
    assert!(routes.attributes().is_empty());
    let decision = routes.decide(&known("ANY", "ANY"), None);
    assert!(matches!(&decision, Decision::Deliver(targets) if targets[0].routes.is_empty()));
    assert_eq!(targets(decision), jobs(&[("default", "research")]));
}

#[test]
fn every_route_that_matches_applies_and_none_is_no_route() {
    let routes = routes(
        "[[routes]]
         name = 'one'
         calling_ae_title = 'CT*'
         project = 'p1'
         destinations = ['a']
         [[routes]]
         name = 'two'
         peer = '10.0.0.0/24'
         called_ae_title = ['T1', 'T2']
         project = 'p2'
         destinations = ['b']",
        &["a", "b"],
    );
    let at = |calling, called| routes.decide(&known(calling, called), None);
    assert_eq!(targets(at("ct1 ", "T2")), jobs(&[("p1", "a"), ("p2", "b")]));
    assert_eq!(targets(at("MR", "T1")), jobs(&[("p2", "b")]));
    assert_eq!(at("MR", "T3"), Decision::NoRoute);
    let elsewhere = Known { peer: Some(IpAddr::from([10, 0, 1, 7])), ..known("MR", "T1") };
    assert_eq!(routes.decide(&elsewhere, None), Decision::NoRoute);
}

#[test]
fn one_job_for_each_profile_and_project_and_a_destination_once() {
    let route = |name: &str, project: &str, to: &str| {
        format!("[[routes]]\nname = '{name}'\nproject = '{project}'\ndestinations = [{to}]\n")
    };
    let text = [
        route("one", "p", "'a'"),
        route("two", "p", "'b', 'a'"),
        route("three", "q", "'b', 'c'"),
        route("four", "r", "'a'"),
    ];
    let routes = routes(&text.concat(), &["a", "b", "c"]);
    let decision = routes.decide(&known("X", "Y"), None);
    let Decision::Deliver(found) = &decision else { panic!("{decision:?}") };
    assert_eq!(found[0].routes, ["one", "two"]);
    assert_eq!(found[1].routes, ["three"]);
    assert_eq!(targets(decision), jobs(&[("p", "a b"), ("q", "c")]));
}

#[test]
fn drop_hold_and_final_end_the_looking() {
    let routes = routes(
        "[[routes]]
         name = 'always'
         destinations = ['a']
         [[routes]]
         name = 'last'
         calling_ae_title = 'LAST'
         destinations = ['b']
         final = true
         [[routes]]
         name = 'hold'
         called_ae_title = 'HOLD'
         action = 'hold'
         [[routes]]
         name = 'drop'
         called_ae_title = ['HOLD', 'DROP']
         action = 'drop'",
        &["a", "b"],
    );
    let at = |calling, called| routes.decide(&known(calling, called), None);
    assert_eq!(at("X", "HOLD"), Decision::Hold("hold".into()));
    assert_eq!(at("X", "DROP"), Decision::Drop("drop".into()));
    assert_eq!(targets(at("LAST", "DROP")), jobs(&[("default", "a b")]));
    assert_eq!(targets(at("X", "Y")), jobs(&[("default", "a")]));
}

const BY_HEADER: &str = "
    [[routes]]
    name = 'vip'
    header = [{ attribute = 'StudyDescription', is = '*VIP*' }]
    action = 'drop'
    [[routes]]
    name = 'rest'
    calling_ae_title = 'CT1'
    modality = ['CT', 'MR']
    header = [{ attribute = 'PatientComments', present = false }]
    destinations = ['a']";

#[test]
fn the_header_is_asked_for_only_where_a_route_needs_it() {
    let routes = routes(BY_HEADER, &["a"]);
    let asked: Vec<_> = routes.attributes().iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["StudyDescription", "Modality", "PatientComments"]);
    let known = known("CT1", "X");
    assert_eq!(routes.decide(&known, None), Decision::AskHeader);
    let with = |facts: [HeaderFact; 3]| routes.decide(&known, Some(&facts));
    let absent = || HeaderFact::Absent;
    assert_eq!(
        with([values(&["a vip b"]), values(&["CT"]), absent()]),
        Decision::Drop("vip".into())
    );
    assert_eq!(targets(with([absent(), values(&["ct "]), absent()])), jobs(&[("default", "a")]));
    assert_eq!(with([absent(), values(&["US"]), absent()]), Decision::NoRoute);
    assert_eq!(with([absent(), values(&["CT"]), values(&["x"])]), Decision::NoRoute);
}

#[test]
fn what_cannot_be_read_is_neither_dropped_nor_delivered() {
    let routes = routes(BY_HEADER, &["a"]);
    let known = known("CT1", "X");
    let facts = [HeaderFact::Unreadable, values(&["CT"]), HeaderFact::Absent];
    let undecided = Decision::Undecided("vip".into());
    assert_eq!(routes.decide(&known, Some(&facts)), undecided);
    // facts that a child left out are not known either
    assert_eq!(routes.decide(&known, Some(&[])), undecided);
    // an address that nobody knows
    let text = "[[routes]]\nname = 'p'\npeer = '10.0.0.0/8'\naction = 'drop'";
    let routes = super::routes(text, &["a"]);
    let nowhere = Known { peer: None, ..known };
    assert_eq!(routes.decide(&nowhere, None), Decision::Undecided("p".into()));
}

#[test]
fn a_route_below_one_that_takes_all_of_its_objects_is_warned_of() {
    let routes = routes(
        "[[routes]]
         name = 'ct'
         calling_ae_title = ['CT*', 'MR?']
         action = 'drop'
         [[routes]]
         name = 'shadowed'
         calling_ae_title = 'CT1'
         modality = 'CT'
         destinations = ['a']
         [[routes]]
         name = 'wider'
         calling_ae_title = 'MR*'
         project = 'p'
         destinations = ['a']
         [[routes]]
         name = 'twice'
         destinations = ['a']",
        &["a"],
    );
    let warnings = routes.warnings();
    let of = |name: &str| warnings.iter().filter(|w| w.route == name).collect::<Vec<_>>();
    assert!(of("shadowed")[0].text.contains("never match") && of("shadowed").len() == 1);
    assert!(of("ct").is_empty() && of("wider").is_empty(), "{warnings:?}");
    assert!(of("twice").iter().any(|w| w.text.contains("route \"wider\"")), "{warnings:?}");
    assert!(routes.takes_everything());
}

#[test]
fn an_explanation_names_conditions_and_patterns_and_no_value() {
    let routes = routes(BY_HEADER, &["a"]);
    let facts = [values(&["SECRET"]), values(&["US"]), HeaderFact::Unreadable];
    let explained = routes.explain(&Known::default(), &facts);
    assert_eq!((explained[0].answer, &*explained[0].why), ("no", "StudyDescription is not *VIP*"));
    assert_eq!(
        (explained[1].answer, explained[1].why.contains("Modality is not CT|MR")),
        ("no", true)
    );
    let facts = [values(&["SECRET"]), values(&["CT"]), HeaderFact::Absent];
    let explained = routes.explain(&Known::default(), &facts);
    assert_eq!((explained[1].answer, explained[1].why.contains("--calling")), ("open", true));
    assert!(!format!("{explained:?}").contains("SECRET"));
    let facts = [values(&["VIP"]), values(&["CT"]), HeaderFact::Absent];
    let explained = routes.explain(&Known::default(), &facts);
    assert_eq!((explained[0].answer, explained[1].answer), ("matches", "not looked at"));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// A route that asks for two attributes at the most.
    fn route(index: usize) -> impl Strategy<Value = String> {
        let test = prop_oneof![
            Just(String::new()),
            "[AB*?]{1,2}".prop_map(|pattern| format!("is = '{pattern}'")),
            any::<bool>().prop_map(|present| format!("present = {present}")),
        ];
        let action = prop_oneof![
            Just("action = 'drop'".to_owned()),
            Just("action = 'hold'".to_owned()),
            ("[ab]", any::<bool>()).prop_map(|(to, last)| {
                format!("destinations = ['{to}']\nproject = 'p-{to}'\nfinal = {last}")
            }),
        ];
        (test.clone(), test, action).prop_map(move |(study, series, action)| {
            let tests = [("StudyID", study), ("SeriesDescription", series)];
            let asked = tests.into_iter().filter(|(_, test)| !test.is_empty());
            let header: Vec<_> = asked
                .map(|(attribute, test)| format!("{{ attribute = '{attribute}', {test} }}"))
                .collect();
            let header = header.join(", ");
            format!("[[routes]]\nname = 'r{index}'\nheader = [{header}]\n{action}\n")
        })
    }

    fn fact() -> impl Strategy<Value = HeaderFact> {
        prop_oneof![
            Just(HeaderFact::Absent),
            Just(HeaderFact::Present),
            Just(HeaderFact::Unreadable),
            prop::collection::vec("[AB]{1,2}", 1..3)
                .prop_map(|all| { values(&all.iter().map(String::as_str).collect::<Vec<_>>()) }),
        ]
    }

    proptest! {
        /// What is decided without a value is what would be decided with any value.
        #[test]
        fn a_value_that_was_not_read_never_decides(
            table in (route(0), route(1), route(2)),
            facts in prop::collection::vec(fact(), 2),
            value in "[AB]{1,2}",
        ) {
            let routes = routes(&format!("{}{}{}", table.0, table.1, table.2), &["a", "b"]);
            let known = known("X", "Y");
            let without_header = routes.decide(&known, None);
            let facts = &facts[..routes.attributes().len()];
            let decision = routes.decide(&known, Some(facts));
            prop_assert_ne!(&decision, &Decision::AskHeader);
            if without_header != Decision::AskHeader {
                prop_assert_eq!(&without_header, &decision);
            }
            if !matches!(decision, Decision::Undecided(_)) {
                let read = |fact: &HeaderFact| match fact {
                    HeaderFact::Unreadable => values(&[&value]),
                    other => other.clone(),
                };
                let all: Vec<_> = facts.iter().map(read).collect();
                prop_assert_eq!(routes.decide(&known, Some(&all)), decision);
            }
        }

        /// A route that is said never to match never does.
        #[test]
        fn a_shadowed_route_never_matches(
            table in (route(0), route(1), route(2)),
            facts in prop::collection::vec(fact(), 2),
        ) {
            let routes = routes(&format!("{}{}{}", table.0, table.1, table.2), &["a", "b"]);
            let facts = &facts[..routes.attributes().len()];
            let explained = routes.explain(&known("X", "Y"), facts);
            for warning in routes.warnings().iter().filter(|w| w.text.contains("never match")) {
                let of = explained.iter().find(|e| e.route == warning.route).expect("a route");
                prop_assert_ne!(of.answer, "matches");
            }
        }
    }
}
