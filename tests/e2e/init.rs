//! `init` makes a configuration of five answers that `serve` runs with, and writes over nothing.

use crate::harness::{
    Gateway, Ran, Site, Storescp, files_under, free_port, pynetdicom, python, sample, wait_until,
};
use std::path::Path;
use std::process::Command;

fn program(site: &Site, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deid-gateway"));
    command.args(arguments).current_dir(site.path("."));
    command
}

/// The port for HTTP of a test must be free on a machine where others run.
fn on_any_port(config: &Path) {
    let text = std::fs::read_to_string(config).expect("readable");
    let text = text.replace("127.0.0.1:11180", "127.0.0.1:0");
    std::fs::write(config, text).expect("written");
}

#[test]
fn flags_make_a_configuration_that_passes_its_check_and_delivers() {
    let site = Site::new();
    let research = Storescp::start(&site.path("research"));
    let (port, to) = (free_port().to_string(), format!("RESEARCH@127.0.0.1:{}", research.port));
    let senders = "PYNETDICOM@127.0.0.1,CT*@10.1.0.0/16";
    let arguments = ["init", "--ae-title", "GATE", "--port", &port, "--senders", senders];
    let arguments = [&arguments[..], &["--destination", &to, "--no-check"]].concat();
    let ran = Ran::of(&mut program(&site, &arguments));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    on_any_port(&site.path("gateway.toml"));
    let arguments = ["check", "--config", "gateway.toml"];
    let ran = Ran::of(&mut program(&site, &arguments));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = ran.stdout.split_once("Enter in each PACS").expect("what to enter").1;
    for line in [
        "AE title        GATE",
        &format!("port            {port}"),
        "its AE title    PYNETDICOM, from 127.0.0.1 (sender \"PYNETDICOM\")",
        "its AE title    CT*, from 10.1.0.0/16 (sender \"CT-\")",
        &format!("Enter in RESEARCH at 127.0.0.1:{}, as one that may store:", research.port),
    ] {
        assert!(told.contains(line), "{line:?} is not in {told}");
    }
    let with = ["--config", "gateway.toml"];
    let gateway = Gateway::start(&mut program(&site, &with), &site.path("."));
    assert_eq!(gateway.port.to_string(), port);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    assert_eq!(pynetdicom(gateway.port, &[], &[&samples[0].path]), ["0x0000"]);
    wait_until("it is delivered", || !files_under(&site.path("research")).is_empty());
    gateway.stop();
    assert!(site.path("var/spool").is_dir() && site.path("var/keys/site.key").is_file());
}

#[test]
fn a_person_is_asked_five_questions_and_asked_again_for_what_is_no_answer() {
    let site = Site::new();
    let port = free_port().to_string();
    let mut asking = python("answer_init.py");
    asking.arg(env!("CARGO_BIN_EXE_deid-gateway")).args(["init", "--config", "made.toml", "--"]);
    let wrong_then_right = ["no-address", "ARCHIVE@pacs.example.org:104"];
    let answers = ["", "70000", &port, "PACS1", "PACS1@10.0.0.17"];
    asking.args(answers).args(wrong_then_right).arg("").current_dir(site.path("."));
    let ran = Ran::of(&mut asking);
    // The archive cannot be reached from here, and that is said.
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for said in [
        "70000",
        "is no port: 1 to 65535",
        "is no AE@ADDRESS, as PACS1@10.0.0.17",
        "is neither AE@HOST:PORT",
        "WRONG  destination \"research\"  ARCHIVE at pacs.example.org:104: cannot connect",
        "made.toml is written.",
        "Start:       deid-gateway serve --config",
    ] {
        assert!(ran.stdout.contains(said), "{said:?} is not in {}", ran.stdout);
    }
    let made = std::fs::read_to_string(site.path("made.toml")).expect("readable");
    let made: toml::Table = made.parse().expect("TOML");
    assert_eq!(made["intake"]["ae_title"].as_str(), Some("DEID"));
    assert_eq!(made["intake"]["listen"].as_str(), Some(&*format!("0.0.0.0:{port}")));
    assert_eq!(made["detection"]["engine"].as_str(), Some("local"));
    assert_eq!(made["senders"][0]["peer"].as_str(), Some("10.0.0.17"));
}

#[test]
fn where_nobody_can_be_asked_the_missing_flag_is_named_and_nothing_is_written() {
    let site = Site::new();
    let ran = Ran::of(&mut program(&site, &["init", "--destination", "./out"]));
    ran.fails(2, &["nobody can be asked here", "--senders AE@ADDRESS"]);
    let ran = Ran::of(&mut program(&site, &["init", "--senders", "local"]));
    ran.fails(2, &["--destination AE@HOST:PORT"]);
    let ran = Ran::of(&mut program(&site, &["init", "--senders", "A@pacs.example.org"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("is no IP address or network: a sender is known by that"));
    assert!(!site.path("gateway.toml").exists());
}

#[test]
fn a_configuration_that_is_there_is_not_written_over() {
    let site = Site::new();
    let mine = site.path("gateway.toml");
    std::fs::write(&mine, "# mine\n").expect("written");
    let arguments = ["init", "--senders", "local", "--destination", "./out"];
    Ran::of(&mut program(&site, &arguments)).fails(2, &["exists, and is not written over"]);
    assert_eq!(std::fs::read_to_string(&mine).expect("readable"), "# mine\n");
}
