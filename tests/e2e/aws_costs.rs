//! What the services may cost, kept over restarts, and what is told of it.

use crate::harness::{Asked, CREDENTIALS, Cloud, Gateway, cloud, judge_all, storescu, wait_until};
use std::io::{Read, Write};
use std::net::TcpStream;

fn metrics(gateway: &Gateway) -> String {
    let mut stream = TcpStream::connect(gateway.observe_address()).expect("connected");
    let request = "GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

#[test]
fn what_a_day_may_cost_is_kept_over_a_restart_and_what_is_beyond_waits() {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "all-text");
    site.set("aws.cost_per_image", 0.5);
    site.set("aws.max_cost_per_day", 0.9);
    let samples = cloud(&site.path("in"), &["notes", "2", "1"]);
    let gateway = site.start_with(&CREDENTIALS);
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    let asked = aws.calls(Asked::Rekognition);
    assert_eq!(asked, 1);
    storescu(gateway.port, &[], &[&samples[1].path]);
    wait_until("it waits", || gateway.stderr().contains("waits"));
    assert!(gateway.stderr().contains("max_cost_per_day is reached"));
    let told = metrics(&gateway);
    for line in [
        "deid_gateway_aws_calls_total{service=\"rekognition\",outcome=\"answered\"} 1",
        "deid_gateway_aws_cost_micro_dollars_total 500000",
        "deid_gateway_aws_cost_limited_total{limit=\"day\"} ",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    gateway.kill();

    let gateway = site.start_with(&CREDENTIALS);
    wait_until("it waits again", || gateway.stderr().contains("max_cost_per_day is reached"));
    assert_eq!(aws.calls(Asked::Rekognition), asked, "nothing was asked beyond the limit");
    gateway.stop();

    site.set("aws.max_cost_per_day", 1.0);
    let gateway = site.start_with(&CREDENTIALS);
    site.wait_ended(2);
    judge_all(&samples, &site.delivered());
    gateway.stop();
}

#[test]
fn what_a_study_may_cost_stops_that_study_alone() {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "all-text");
    site.set("aws.cost_per_image", 0.5);
    site.set("aws.max_cost_per_study", 0.9);
    site.set("aws.max_cost_per_day", 100.0);
    // A study with two pictures, and one of another patient.
    let samples = cloud(&site.path("in"), &["notes", "3", "2"]);
    let gateway = site.start_with(&CREDENTIALS);
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    storescu(gateway.port, &[], &[&samples[1].path]);
    wait_until("it waits", || gateway.stderr().contains("max_cost_per_study is reached"));
    storescu(gateway.port, &[], &[&samples[2].path]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&2));
    assert_eq!(site.jobs().get("waiting"), Some(&1));
    gateway.stop();
}
