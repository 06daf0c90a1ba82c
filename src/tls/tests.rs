use super::*;
use crate::config::IntakeTls;
use std::path::Path;

/// A certificate of its own authority and its key, as files.
fn files(folder: &Path, names: &[&str]) -> IntakeTls {
    use std::os::unix::fs::PermissionsExt;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let (certificate_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate_file, made.cert.pem()).expect("written");
    std::fs::write(&key_file, made.signing_key.serialize_pem()).expect("written");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).expect("closed");
    IntakeTls { listen: None, certificate_file, key_file, client_ca_file: None }
}

#[test]
fn a_certificate_tells_its_names_its_digest_and_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = files(folder.path(), &["a.example.org", "b.example.org"]);
    let read = Certificate::of_file(&config.certificate_file).expect("a certificate");
    assert!(read.names.contains(&"b.example.org".to_owned()), "{read:?}");
    assert_eq!(read.sha256.len(), 64);
    let end = read.not_after_s;
    assert_eq!([read.days_left(end - 86_400), read.days_left(end + 1)], [1, -1]);
}

#[test]
fn files_that_do_not_fit_are_named_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, other) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let good = files(folder.path(), &["a"]);
    assert!(Acceptor::new(&good).is_ok());
    let of_other = files(other.path(), &["b"]);
    let mixed = IntakeTls { key_file: of_other.key_file.clone(), ..good.clone() };
    let text = |config: &IntakeTls| Acceptor::new(config).err().map(|error| error.to_string());
    assert!(text(&mixed).is_some_and(|text| text.contains("do not work together")));
    let swapped = IntakeTls { certificate_file: good.key_file.clone(), ..good.clone() };
    assert!(text(&swapped).is_some_and(|text| text.contains("no certificate in PEM")));
    let gone = IntakeTls { client_ca_file: Some(folder.path().join("gone")), ..good.clone() };
    assert!(text(&gone).is_some_and(|text| text.contains("cannot be read")));
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&good.key_file, open).expect("opened");
    assert!(text(&good).is_some_and(|text| text.contains("chmod")));
}
