//! The status page in a browser: it shows the facts, can be read in light and dark on small and large
//! screens, fetches nothing, and names nobody.

use crate::harness::{
    Gateway, Sample, Site, assert_absent, free_port, printed, pynetdicom, python, run, sample,
    storescu, undecodable, value, wait_until,
};
use dicom_dictionary_std::tags;
use serde_json::{Value, json};

/// What the browser shows, once nothing is wrong with how it does.
fn looked_at(gateway: &Gateway, more: &[&str]) -> Value {
    let url = format!("http://{}/", gateway.observe_address());
    let mut command = python("look_at_page.py");
    command.arg(url).args(more);
    let looked = run(&mut command);
    assert!(looked.status.success(), "{}", printed(&looked));
    serde_json::from_slice(&looked.stdout).expect("JSON")
}

/// Two objects delivered, one held, one that cannot leave, and a stranger who was not let in.
fn busy(site: &mut Site) -> (Gateway, Vec<Sample>) {
    let (out, port) = (site.text("out"), free_port());
    site.senders(&["name = 'ct'\ncalling_ae_title = ['CT1', 'CT2']"]);
    site.destinations(&[
        &format!("name = 'out'\nkind = 'folder'\npath = '{out}'"),
        &format!(
            "name = 'research'\nkind = 'dicom'\naddress = '127.0.0.1:{port}'\n\
             called_ae_title = 'RESEARCH'\nretry_min_ms = 50\nretry_max_ms = 200"
        ),
    ]);
    site.routes(&[
        "name = 'one'\ncalling_ae_title = 'CT1'\nproject = 'trial-7'\ndestinations = ['out']",
        "name = 'two'\ncalling_ae_title = 'CT2'\nproject = 'trial-8'\ndestinations = ['research']",
    ]);
    let mut samples = sample(&site.path("sent"), &["--ct", "2"]);
    samples.extend(sample(&site.path("held"), &["--ct", "1", "--seed", "2"]));
    samples.extend(sample(&site.path("stuck"), &["--ct", "1", "--seed", "3"]));
    let held = undecodable(&samples[2].path);
    let gateway = site.start();
    storescu(gateway.port, &["-aet", "CT1"], &[&samples[0].path, &samples[1].path]);
    storescu(gateway.port, &["-aet", "CT1", "--propose-mpeg2"], &[&held]);
    storescu(gateway.port, &["-aet", "CT2"], &[&samples[3].path]);
    pynetdicom(gateway.port, &["--echo", "--calling", "STRANGER"], &[""; 0]);
    site.wait_jobs(|site| {
        let jobs = site.jobs();
        let is = |state, count| jobs.get(state) == Some(&count);
        is("ended", 2) && is("held", 1) && is("ready", 1)
    });
    wait_until("the destination is in trouble", || {
        site.run(&["status"]).ok().contains("cannot connect")
    });
    (gateway, samples)
}

#[test]
fn the_page_shows_the_facts_to_every_eye_and_names_nobody() {
    let mut site = Site::new();
    let (gateway, samples) = busy(&mut site);
    // Pictures for who changes the page, where they are asked for.
    let shots = std::env::var("DEID_TEST_PAGE_SHOTS").ok();
    let shots = shots.iter().flat_map(|prefix| ["--shots", prefix]);
    let page = looked_at(&gateway, &shots.collect::<Vec<_>>());
    assert_eq!(
        page["counts"],
        json!({"to be routed": 0, "to be worked on": 0, "ready to leave": 1, "held": 1, "delivered": 2})
    );
    let tables = &page["tables"];
    let held = &tables["Held, for a person to decide"];
    assert_eq!(*held, json!([["pixels-not-decodable", "1"]]));
    let rows = tables["Destinations"].as_array().expect("rows");
    let [out, research] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(*out, json!(["out", "in order (folder)", "0", "-", "2", "0"]));
    let state = research[1].as_str().expect("text");
    assert!(state.contains("cannot connect") && state.contains("(DICOM)"), "{state}");
    assert_eq!((&research[2], &research[4]), (&json!("1"), &json!("0")));
    let delivered = site.delivered().into_iter().next().expect("a result");
    let study = value(&delivered, tags::STUDY_INSTANCE_UID);
    let studies = tables["Last studies, by their new UIDs"].as_array().expect("rows");
    let row = studies.iter().find(|row| row[0] == json!(study)).expect("the study");
    assert_eq!([&row[1], &row[2], &row[3]], [&json!("trial-7"), &json!("2"), &json!("0")]);
    let todo = page["todo"].as_array().expect("a list");
    let says = |word: &str| todo.iter().any(|task| task.as_str().is_some_and(|t| t.contains(word)));
    assert!(
        todo.len() == 2 && says("1 object is held") && says("Destination research"),
        "{todo:?}"
    );
    let text = page["text"].as_str().expect("text");
    assert!(text.contains("Ready: objects are taken.") && text.contains("1 rejected"), "{text}");
    for sample in &samples {
        assert_absent(&sample.identifiers, text.as_bytes(), "the page");
    }
    assert!(!["STRANGER", "CT1", "CT2"].iter().any(|name| text.contains(name)), "{text}");
    gateway.stop();
}

#[test]
fn a_browser_gives_the_token_as_a_password() {
    let mut site = Site::new();
    std::fs::write(site.path("token"), "a-long-token\n").expect("written");
    site.set("observe.token_file", site.text("token"));
    let gateway = site.start();
    let page = looked_at(&gateway, &["--token", "a-long-token"]);
    let text = page["text"].as_str().expect("text");
    assert!(text.contains("Ready") && text.contains("Nothing waits for a person."), "{text}");
    gateway.stop();
}
