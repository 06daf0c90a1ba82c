//! Who may come in: titles, addresses, certificates and users; everybody else is told why, and counted.

use crate::harness::{
    Authority, Gateway, Ran, Signed, Site, Storescp, judge_all, pynetdicom, run, sample, wait_until,
};
use std::path::Path;
use std::process::Command;

const NONE: [&Path; 0] = [];
/// Permanent, of the service user: the calling AE title is not recognised.
const CALLING: &str = "rejected-1-1-3";
const NO_REASON: &str = "rejected-1-1-1";

fn echo(port: u16, options: &[&str]) -> String {
    let options: Vec<_> = [&["--echo", "--timeout", "10"], options].concat();
    pynetdicom(port, &options, &NONE).remove(0)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("ASCII")
}

#[test]
fn strangers_are_told_why_and_logged_and_those_on_the_list_come_in() {
    let mut site = Site::new();
    site.senders(&[
        "name = \"ct\"\ncalling_ae_title = \"CT*\"\npeer = \"127.0.0.0/8\"\ncalled_ae_title = \"DEID\"",
        "name = \"far\"\ncalling_ae_title = \"MR1\"\npeer = \"192.0.2.0/24\"",
    ]);
    let gateway = site.start();
    assert_eq!(echo(gateway.port, &["--calling", "CT1"]), "0x0000");
    assert_eq!(echo(gateway.port, &["--calling", "XA1"]), CALLING);
    assert_eq!(echo(gateway.port, &["--calling", "MR1"]), CALLING, "from another address");
    let mut echoscu = Command::new("echoscu");
    echoscu.args(["-v", "-aet", "CT1", "-aec", "OTHER", "127.0.0.1"]).arg(gateway.port.to_string());
    let said = run(&mut echoscu);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("Called AE Title Not Recognized"), "{said}");
    let rejected = |reason: &str| gateway.stderr().contains(&format!("reason=\"{reason}\""));
    assert!(rejected("calling-ae-title") && rejected("called-ae-title"), "{}", gateway.stderr());
    // who is taken from the list is out with the next request
    site.senders(&["name = \"other\"\ncalling_ae_title = \"OTHER\""]);
    site.write_config();
    gateway.reload();
    assert_eq!(echo(gateway.port, &["--calling", "CT1"]), CALLING);
    gateway.stop();
}

#[test]
fn a_user_comes_in_by_name_and_password_and_is_answered() {
    let mut site = Site::new();
    let hashing = Ran::with_input(site.command().args(["keys", "hash-password"]), "secret\n");
    let hash = hashing.ok();
    assert!(!hash.contains("secret"), "{hash}");
    let sender =
        format!("name = \"s\"\nusername = \"ct\"\npassword_hash = \"{}\"", hash.trim_end());
    site.senders(&[&sender]);
    let gateway = site.start();
    assert_eq!(echo(gateway.port, &["--user", "ct", "--password", "secret"]), "0x0000");
    assert_eq!(echo(gateway.port, &["--user", "ct", "--password", "wrong"]), NO_REASON);
    assert_eq!(echo(gateway.port, &["--user", "mr", "--password", "secret"]), NO_REASON);
    assert_eq!(echo(gateway.port, &["--user", "ct"]), NO_REASON);
    assert_eq!(echo(gateway.port, &[]), NO_REASON);
    let log = gateway.stderr();
    assert!(!log.contains("secret") && !log.contains("wrong"), "{log}");
    gateway.stop();
}

#[test]
fn a_port_beyond_loopback_is_not_opened_by_oversight() {
    let mut site = Site::new();
    site.set("intake.listen", "0.0.0.0:0");
    let refused = site.run(&["serve"]);
    refused.fails(2, &["[[senders]]", "open = true"]);
    site.set("intake.open", true);
    site.start().stop();
}

/// A site whose port speaks TLS, the authority of everybody there, and the gateway's certificate.
fn in_tls(more: &str) -> (Site, Authority, Signed) {
    let mut site = Site::new();
    let authority = Authority::new(&site.path("tls"), "authority");
    let ours = authority.sign("localhost");
    let tls = format!(
        "certificate_file = \"{}\"\nkey_file = \"{}\"\n{more}",
        text(&ours.certificate),
        text(&ours.key)
    );
    let tls = tls.replace("CA", text(&authority.file));
    site.set("intake.tls", tls.parse::<toml::Table>().expect("TOML"));
    (site, authority, ours)
}

fn tls_options<'a>(authority: &'a Authority, own: Option<&'a Signed>) -> Vec<&'a str> {
    let mut options = vec!["--tls-ca", text(&authority.file)];
    if let Some(own) = own {
        options.extend(["--tls-certificate", text(&own.certificate)]);
        options.extend(["--tls-key", text(&own.key)]);
    }
    options
}

/// DCMTK's `storescu` in TLS, without a certificate of its own or with one.
fn storescu_tls(port: u16, authority: &Authority, own: Option<&Signed>, file: &Path) -> bool {
    let mut command = Command::new("storescu");
    match own {
        None => command.arg("+tla"),
        Some(own) => command.arg("+tls").args([&own.key, &own.certificate]),
    };
    command.arg("+cf").arg(&authority.file).args(["-aec", "DEID", "localhost"]);
    run(command.arg(port.to_string()).arg(file)).status.success()
}

fn wait_refused(gateway: &Gateway, why: &str) {
    wait_until("the log says why a connection was refused", || gateway.stderr().contains(why));
}

#[test]
fn objects_come_and_go_in_tls_with_certificates_on_both_sides() {
    let (mut site, authority, ours) = in_tls("client_ca_file = \"CA\"");
    let sender = authority.sign("ct.example.org");
    site.senders(&["name = \"ct\"\ncertificate_name = \"ct.example.org\""]);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let receiver = authority.sign("research.example.org");
    let tls = ["+tls", text(&receiver.key), text(&receiver.certificate), "+cf"];
    let tls: Vec<_> = tls.iter().copied().chain([text(&authority.file), "-rc"]).collect();
    let research = Storescp::in_tls(&site.path("research"), &tls);
    let pacs = format!(
        "name = \"pacs\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\ncalled_ae_title = \"RESEARCH\"\n\
         [tls]\nca_file = \"{}\"\nserver_name = \"research.example.org\"\n\
         certificate_file = \"{}\"\nkey_file = \"{}\"",
        research.port,
        text(&authority.file),
        text(&ours.certificate),
        text(&ours.key),
    );
    site.destinations(&[&pacs]);
    let check = site.run(&["check"]).ok();
    assert!(check.contains("[intake.tls]") && check.contains("answers C-ECHO"), "{check}");
    let gateway = site.start();
    assert!(storescu_tls(gateway.port, &authority, Some(&sender), &samples[0].path));
    let options = tls_options(&authority, Some(&sender));
    assert_eq!(pynetdicom(gateway.port, &options, &[&samples[1].path]), ["0x0000"]);
    site.wait_ended(2);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn who_shows_no_or_a_wrong_certificate_stays_outside() {
    let (mut site, authority, _) = in_tls("client_ca_file = \"CA\"");
    let (good, other) = (authority.sign("ct.example.org"), authority.sign("mr.example.org"));
    let expired = authority.sign_expired("ct.example.org");
    let stranger = Authority::new(&site.path("strangers"), "stranger").sign("ct.example.org");
    let sender = |digest: &str| format!("name = \"ct\"\ncertificate_sha256 = [\"{digest}\"]");
    site.senders(&[&sender(&good.sha256)]);
    let gateway = site.start();
    let with = |own: Option<&Signed>| echo(gateway.port, &tls_options(&authority, own));
    assert_eq!(with(Some(&good)), "0x0000");
    assert_eq!(with(Some(&other)), CALLING, "signed, and not on the list");
    for (own, why) in [
        (None, "it showed no certificate"),
        (Some(&expired), "its certificate expired"),
        (Some(&stranger), "nobody in client_ca_file signed its certificate"),
    ] {
        assert_ne!(with(own), "0x0000", "{why}");
        wait_refused(&gateway, why);
    }
    assert_ne!(echo(gateway.port, &[]), "0x0000", "without TLS");
    wait_refused(&gateway, "it does not speak TLS");
    // taken from the list: no Association and no resumed session helps
    site.senders(&[&sender(&other.sha256)]);
    site.write_config();
    gateway.reload();
    assert_eq!(with(Some(&good)), CALLING);
    assert_eq!(with(Some(&other)), "0x0000");
    gateway.stop();
}

#[test]
fn a_renewed_certificate_is_in_force_without_a_restart_and_a_broken_one_is_not() {
    let (site, authority, ours) = in_tls("");
    let gateway = site.start();
    let served = || {
        let mut openssl = Command::new("openssl");
        openssl.args(["s_client", "-connect"]).arg(format!("127.0.0.1:{}", gateway.port));
        let shown = run(openssl.stdin(std::process::Stdio::null()));
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let begin = shown.find("-----BEGIN CERTIFICATE-----").expect("a certificate");
        let end = shown.find("-----END CERTIFICATE-----").expect("its end");
        shown[begin..end].trim_end().to_owned()
    };
    let file = |path: &Path| std::fs::read_to_string(path).expect("readable");
    assert!(file(&ours.certificate).starts_with(&served()));
    let renewed = Authority::new(&site.path("renewed"), "authority").sign("localhost");
    std::fs::copy(&renewed.certificate, &ours.certificate).expect("copied");
    let said = gateway.reload();
    assert!(said.contains("do not work together"), "a key of another certificate: {said}");
    std::fs::copy(&renewed.key, &ours.key).expect("copied");
    gateway.reload();
    assert!(file(&renewed.certificate).starts_with(&served()));
    let _ = authority;
    gateway.stop();
}

#[test]
fn a_port_for_tls_beside_a_plain_one_leaves_each_to_its_own() {
    let (site, authority, _) = in_tls("listen = \"127.0.0.1:0\"");
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    assert_eq!(echo(gateway.port, &[]), "0x0000");
    assert!(storescu_tls(gateway.tls_port(), &authority, None, &samples[0].path));
    assert!(!storescu_tls(gateway.port, &authority, None, &samples[0].path));
    wait_refused(&gateway, "it speaks TLS, and this port does not");
    site.wait_ended(1);
    assert_eq!(site.delivered().len(), 1);
    gateway.stop();
}
