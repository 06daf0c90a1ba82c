//! Health, metrics and the status page: they tell what happens, and nothing of anybody.

use crate::harness::{
    Authority, Gateway, Site, assert_absent, pynetdicom, sample, value, wait_until,
};
use base64::Engine;
use dicom_dictionary_std::tags;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Answers in full: status line, headers and body.
fn get(gateway: &Gateway, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(gateway.observe_address()).expect("connected");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

fn basic(pair: &str) -> String {
    format!("Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[test]
fn metrics_and_page_tell_of_what_was_delivered_held_and_rejected_and_name_nobody() {
    let mut site = Site::new();
    site.senders(&["name = \"ct\"\ncalling_ae_title = \"PYNETDICOM\""]);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    assert!(get(&gateway, "/healthz", "").starts_with("HTTP/1.1 200"));
    assert!(get(&gateway, "/readyz", "").ends_with("ready\n"));
    let sent: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    assert_eq!(pynetdicom(gateway.port, &[], &sent), vec!["0x0000"; 2]);
    pynetdicom(gateway.port, &["--echo", "--calling", "STRANGER"], &[""; 0]);
    site.wait_ended(2);
    let metrics = get(&gateway, "/metrics", "");
    for line in [
        "deid_gateway_objects{state=\"ended\"} 2",
        "deid_gateway_objects_stored_total 2",
        "deid_gateway_associations_rejected_total{reason=\"calling-ae-title\"} 1",
        "deid_gateway_associations_rejected_total{reason=\"certificate\"} 0",
        "deid_gateway_deliveries_sent{destination=\"out\"} 2",
        "deid_gateway_ready 1",
        "deid_gateway_step_duration_seconds_count{step=\"read\"} 2",
        "deid_gateway_step_duration_seconds_count{step=\"verify\"} 2",
        "deid_gateway_step_duration_seconds_count{step=\"send\"} 2",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let page = get(&gateway, "/", "");
    assert!(page.contains("Ready: objects are taken.") && page.contains(">out</td>"), "{page}");
    assert!(page.contains("default-src 'none'"), "{page}");
    let result = site.delivered().into_iter().next().expect("a result");
    let study = value(&result, tags::STUDY_INSTANCE_UID);
    assert!(page.contains(&format!("<code>{study}</code>")), "the study by its new UID: {page}");
    let status = site.run(&["status"]).ok();
    let ended = status.lines().find(|line| line.starts_with("ended ")).expect("a line");
    assert!(ended.split_whitespace().nth(1) == Some("2") && status.contains("out "), "{status}");
    for text in [&metrics, &page, &status] {
        for sample in &samples {
            assert_absent(&sample.identifiers, text.as_bytes(), "what is shown");
        }
        assert!(!text.contains("STRANGER") && !text.contains("PYNETDICOM"));
    }
    gateway.stop();
}

#[test]
fn a_token_is_asked_for_where_one_is_configured_and_needed_beyond_loopback() {
    let mut site = Site::new();
    site.set("observe.listen", "0.0.0.0:0");
    site.run(&["serve"]).fails(2, &["[observe]", "token_file"]);
    std::fs::write(site.path("token"), "a-long-token\n").expect("written");
    site.set("observe.token_file", site.text("token"));
    let gateway = site.start();
    for path in ["/metrics", "/"] {
        assert!(get(&gateway, path, "").starts_with("HTTP/1.1 401"));
        let wrong = get(&gateway, path, "Authorization: Bearer wrong\r\n");
        assert!(wrong.starts_with("HTTP/1.1 401"));
        let right = get(&gateway, path, "Authorization: Bearer a-long-token\r\n");
        assert!(right.starts_with("HTTP/1.1 200"), "{right}");
        // As a browser gives it: the password of anybody.
        let refused = get(&gateway, path, &basic("reader:wrong"));
        assert!(refused.starts_with("HTTP/1.1 401"));
        assert!(refused.contains("www-authenticate: Basic "), "{refused}");
        assert!(get(&gateway, path, &basic("reader:a-long-token")).starts_with("HTTP/1.1 200"));
    }
    assert!(get(&gateway, "/healthz", "").starts_with("HTTP/1.1 200"), "health needs none");
    gateway.stop();
}

#[test]
fn the_page_begins_with_what_a_person_has_to_do() {
    let mut site = Site::new();
    let authority = Authority::new(&site.path("ca"), "authority");
    let expired = authority.sign_expired("gateway.test");
    let tls = format!(
        "listen = '127.0.0.1:0'\ncertificate_file = '{}'\nkey_file = '{}'",
        expired.certificate.display(),
        expired.key.display()
    );
    site.set("intake.tls", tls.parse::<toml::Table>().expect("TOML"));
    let gateway = site.start();
    let tasks = || {
        let page = get(&gateway, "/", "");
        let (tasks, _) = page.split_once("<h2>Objects</h2>").expect("what flows comes after");
        tasks.to_owned()
    };
    assert!(tasks().contains("The certificate of intake is over."), "{}", tasks());
    assert!(!tasks().contains("Destination out"), "{}", tasks());
    site.run(&["destination", "pause", "out"]).ok();
    wait_until("the pause is shown", || tasks().contains("Destination out is paused."));
    assert!(tasks().contains("<code>deid-gateway destination resume out</code>"), "{}", tasks());
    gateway.stop();
}

#[test]
fn a_gateway_without_room_says_that_it_is_not_ready() {
    let mut site = Site::new();
    site.set("intake.min_free_bytes", i64::MAX);
    let gateway = site.start();
    wait_until("it is not ready", || get(&gateway, "/readyz", "").starts_with("HTTP/1.1 503"));
    assert!(get(&gateway, "/readyz", "").contains("min_free_bytes"));
    assert!(get(&gateway, "/metrics", "").contains("deid_gateway_ready 0"));
    gateway.stop();
}

#[test]
fn logs_in_json_are_an_object_in_each_line() {
    let mut site = Site::new();
    site.set("log.format", "json");
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    pynetdicom(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    let logged = gateway.stderr();
    gateway.stop();
    assert!(logged.lines().count() > 3, "{logged}");
    for line in logged.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert_absent(&samples[0].identifiers, logged.as_bytes(), "the log");
}
