//! Bad files, bad configurations, bad places: one clear line that says what to do.

use crate::harness::{Ran, Site, files_under, hostile, pynetdicom, sample};
use std::os::unix::fs::PermissionsExt;

#[test]
fn bad_files_are_counted_by_reason_and_leave_nothing() {
    let site = Site::new();
    let directory = site.path("hostile");
    let listing = hostile(&directory);
    for (name, entry) in listing.as_object().expect("a listing") {
        let file = directory.join(entry["file"].as_str().expect("a file"));
        let out = site.path(&format!("out-{name}"));
        let ran = Ran::of(site.command().arg("deid").arg(&file).arg("--out").arg(&out));
        assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
        assert!(ran.stdout.starts_with("0 de-identified"), "{name}: {ran:?}");
        assert!(ran.stdout.contains("\n1 held:\n"), "{name}: {ran:?}");
        let reasons = entry["reasons"].as_array().expect("reasons");
        let said = |reason: &serde_json::Value| {
            ran.stdout
                .contains(&format!("\n  {}: 1\n    input 1: ", reason.as_str().expect("text")))
        };
        assert!(reasons.iter().any(said), "{name}: none of {reasons:?}: {ran:?}");
        assert_eq!(files_under(&out), Vec::<std::path::PathBuf>::new(), "{name}");
    }
}

#[test]
fn good_files_among_bad_ones_are_deidentified() {
    let site = Site::new();
    hostile(&site.path("in"));
    let samples = sample(&site.path("in"), &["--ct", "1"]);
    let (input, out) = (site.text("in"), site.text("out"));
    let ran = site.run(&["deid", &input, "--out", &out]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.starts_with("1 de-identified") && ran.stdout.contains("12 held:"),
        "{ran:?}"
    );
    assert_eq!(site.delivered().len(), samples.len());
    let shown = site.run(&["deid", &input, "--out", &out, "--show-paths"]);
    assert!(shown.stdout.contains("in/zero.dcm: "), "{shown:?}");
}

#[test]
fn links_are_followed_and_what_they_do_not_lead_to_is_held_without_its_name() {
    let site = Site::new();
    let samples = sample(&site.path("elsewhere"), &["--ct", "1"]);
    let input = site.path("in");
    std::fs::create_dir(&input).expect("made");
    let link = |to: &std::path::Path, name| std::os::unix::fs::symlink(to, input.join(name));
    link(&samples[0].path, "SMITH_A.dcm").expect("linked");
    link(&site.path("nowhere"), "SMITH_B.dcm").expect("linked");
    link(&input, "SMITH_C").expect("linked");
    let ran = site.run(&["deid", &site.text("in"), "--out", &site.text("out")]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with("1 de-identified"), "{ran:?}");
    assert!(ran.stdout.contains("\n1 held:\n"), "{ran:?}");
    assert!(!ran.stdout.contains("SMITH") && !ran.stderr.contains("SMITH"), "{ran:?}");
    assert_eq!(site.delivered().len(), 1);
}

#[test]
fn an_input_that_is_not_there_is_named() {
    let site = Site::new();
    let out = site.text("out");
    site.run(&["deid", "nowhere.dcm", "--out", &out]).fails(1, &["nowhere.dcm: cannot be read"]);
    std::fs::create_dir(site.path("empty")).expect("made");
    site.run(&["deid", "empty", "--out", &out]).fails(1, &["empty: nothing to do: no file here"]);
}

#[test]
fn an_out_folder_that_cannot_be_made_is_named() {
    let site = Site::new();
    std::fs::write(site.path("file"), "text").expect("written");
    let ran = site.run(&["deid", "file", "--out", "file/out"]);
    ran.fails(1, &["file/out: cannot be made"]);
}

#[test]
fn an_unknown_option_in_the_file_is_named_with_its_line() {
    let site = Site::new();
    let path = site.path("wrong.toml");
    std::fs::write(&path, "[intake]\nae_title = \"DEID\"\nlistn = \"0.0.0.0:104\"\n")
        .expect("written");
    for arguments in [["serve"].as_slice(), &["check"], &["held", "list"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deid-gateway"));
        let ran = Ran::of(command.arg("--config").arg(&path).args(arguments));
        ran.fails(2, &["wrong.toml:3: ", "`listn`", "`listen`"]);
    }
}

#[test]
fn an_unknown_option_in_the_environment_is_named() {
    let site = Site::new();
    let ran = Ran::of(site.command().env("DEID_GATEWAY__INTAKE__LISTN", "x").arg("serve"));
    ran.fails(2, &["environment: ", "listn", "DEID_GATEWAY__SECTION__KEY"]);
    let ran = Ran::of(site.command().env("DEID_GATEWAY__INTAK__LISTEN", "x").arg("serve"));
    ran.fails(2, &["environment: ", "intak"]);
    let ran = Ran::of(site.command().env("DEID_GATEWAY__SANDBOX__WORKERS", "two").arg("serve"));
    ran.fails(2, &["environment: ", "workers"]);
}

#[test]
fn an_unknown_argument_is_named() {
    let site = Site::new();
    let ran = site.run(&["serve", "--port", "104"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("unexpected argument '--port'"), "{ran:?}");
    let ran = site.run(&["held", "reject"]);
    assert_eq!(ran.code, Some(2), "which ones must be said: {ran:?}");
}

#[test]
fn a_configuration_file_that_is_not_there_is_named() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deid-gateway"));
    let ran = Ran::of(command.args(["serve", "--config", "/nowhere/gateway.toml"]));
    ran.fails(2, &["/nowhere/gateway.toml: cannot read the configuration file"]);
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let mut site = Site::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    site.set("intake.listen", address.clone());
    let words = [&format!("cannot listen on {address}"), "free the port or change [intake] listen"];
    site.run(&["serve"]).fails(1, &words);
}

#[test]
fn a_spool_that_cannot_be_made_is_named() {
    let mut site = Site::new();
    std::fs::write(site.path("file"), "").expect("written");
    let path = site.text("file/spool");
    site.set("spool.directory", path.clone());
    site.run(&["serve"]).fails(1, &[&path, "cannot make this directory private"]);
}

#[test]
fn a_spool_in_use_by_another_gateway_is_named() {
    let site = Site::new();
    let gateway = site.start();
    let path = site.text("spool");
    site.run(&["serve"]).fails(1, &["the spool is in use by another gateway", &path]);
    gateway.stop();
}

#[test]
fn looking_at_a_spool_that_is_not_there_is_an_error() {
    let site = Site::new();
    site.run(&["held", "list"]).fails(1, &["spool.sqlite", "there is no spool here"]);
}

#[test]
fn a_site_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let site = Site::new();
    site.start().stop();
    let key = site.path("keys/site.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
    let mend = format!("chmod 600 {}", key.display());
    site.run(&["serve"]).fails(1, &["mode 644", &mend]);
    std::fs::write(site.path("file"), "text").expect("written");
    site.run(&["deid", "file", "--out", "out"]).fails(1, &[&mend]);
    let checked = site.run(&["check"]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.stdout.contains("WRONG  [keys]") && checked.stdout.contains(&mend));
}

#[test]
fn a_profile_that_cannot_be_read_is_named() {
    let mut site = Site::new();
    site.set("deid.profile", "own.toml");
    site.run(&["serve"]).fails(2, &["[deid]", "\"own.toml\" is neither shipped", "nor a file"]);
    std::fs::write(site.path("own.toml"), "name = \"own\"\nhide = \"some\"\n").expect("written");
    site.run(&["serve"]).fails(2, &["own.toml:2: ", "some", "all-text"]);
}

#[test]
fn two_destinations_of_one_name_are_refused() {
    let mut site = Site::new();
    let one = "name = \"a\"\nkind = \"folder\"\npath = \"./a\"";
    site.destinations(&[one, one]);
    site.run(&["serve"]).fails(2, &["destinations[1] \"a\"", "another destination has this name"]);
}

#[test]
fn a_command_that_names_another_object_is_answered_and_logged_without_its_uid() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let gateway = site.start();
    let answers = pynetdicom(gateway.port, &["--wrong-sop-uid"], &[&sample.path]);
    assert_eq!(answers, ["0xA900"]);
    let log = gateway.stderr();
    assert!(log.contains("its SOP Class or Instance UID is not the command's"), "{log}");
    assert!(!log.contains(&sample.sop_uid));
    gateway.stop();
}
