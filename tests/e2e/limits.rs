//! What a peer may ask of the gateway: a bounded share, and nothing of what belongs to others.

use crate::harness::{Site, judge_all, pynetdicom, sample, wait_until};
use dicom_ul::pdu::{
    AssociationRQ, PDataValue, PDataValueType, Pdu, PresentationContextProposed, UserVariableItem,
    read_pdu, write_pdu,
};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const IMPLICIT_VR_LE: &str = "1.2.840.10008.1.2";
/// More than any test waits for an answer.
const LONG: Duration = Duration::from_secs(60);

fn request(calling: &str, contexts: usize) -> Pdu {
    let context = |number: usize| PresentationContextProposed {
        id: (2 * number + 1) as u8,
        abstract_syntax: CT.into(),
        transfer_syntaxes: vec![IMPLICIT_VR_LE.into()],
    };
    Pdu::AssociationRQ(AssociationRQ {
        protocol_version: 1,
        calling_ae_title: calling.into(),
        called_ae_title: "DEID".into(),
        application_context_name: "1.2.840.10008.3.1.1.1".into(),
        presentation_contexts: (0..contexts).map(context).collect(),
        user_variables: vec![UserVariableItem::MaxLength(65_536)],
    })
}

fn fragment(value_type: PDataValueType, data: Vec<u8>) -> Pdu {
    let value = PDataValue { presentation_context_id: 1, value_type, is_last: false, data };
    Pdu::PData { data: vec![value] }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(LONG)).expect("set");
    stream
}

fn send(stream: &mut TcpStream, pdu: &Pdu) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, pdu).expect("encoded");
    stream.write_all(&bytes)
}

/// The next PDU; none when the peer closed.
fn receive(stream: &mut TcpStream) -> Option<Pdu> {
    let mut bytes = Vec::new();
    let mut next = [0u8; 4096];
    loop {
        if let Ok(Some(pdu)) = read_pdu(&bytes[..], 1 << 20, false) {
            return Some(pdu);
        }
        match stream.read(&mut next) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend(&next[..read]),
        }
    }
}

fn associate(port: u16, calling: &str) -> (TcpStream, Option<Pdu>) {
    let mut stream = connect(port);
    send(&mut stream, &request(calling, 1)).expect("sent");
    let answer = receive(&mut stream);
    (stream, answer)
}

#[test]
fn idle_and_dripping_peers_cost_the_others_nothing_and_little_memory() {
    let mut site = Site::new();
    site.set("intake.max_associations_per_peer", 4);
    let samples = sample(&site.path("sent"), &["--ct", "8"]);
    let gateway = site.start();
    // 150 that say nothing, 100 Associations that do nothing, 20 that drip
    let silent: Vec<_> = (0..150).map(|_| connect(gateway.port)).collect();
    let idle: Vec<_> = (0..100).map(|_| associate(gateway.port, "IDLE")).collect();
    let accepted = |answer: &Option<Pdu>| matches!(answer, Some(Pdu::AssociationAC(_)));
    let rejected = |answer: &Option<Pdu>| matches!(answer, Some(Pdu::AssociationRJ(rj)) if format!("{rj:?}").contains("LocalLimit"));
    assert_eq!(idle.iter().filter(|(_, answer)| accepted(answer)).count(), 4);
    let mut drips: Vec<_> = (0..4).map(|_| associate(gateway.port, "DRIP")).collect();
    for (stream, answer) in &mut drips {
        assert!(accepted(answer));
        send(stream, &fragment(PDataValueType::Command, vec![0; 2])).expect("sent");
    }
    let sent: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    let words = pynetdicom(gateway.port, &["--parallel", "4"], &sent);
    assert_eq!(words, vec!["0x0000"; 8]);
    site.wait_ended(8);
    judge_all(&samples, &site.delivered());
    let resident = gateway.peak_resident_kib();
    assert!(resident < 120 << 10, "{resident} KiB");
    let busy = gateway.stderr().matches("reason=\"busy\"").count();
    let told = idle.iter().filter(|(_, answer)| rejected(answer)).count();
    assert_eq!((busy, told + 4), (told, idle.len()), "who is refused is told that it passes");
    drop((silent, drips));
    gateway.stop();
}

#[test]
fn a_place_is_free_again_when_its_association_ends() {
    let mut site = Site::new();
    site.set("intake.max_associations", 1);
    let gateway = site.start();
    let (first, _) = associate(gateway.port, "A");
    let refused = |answer: &Option<Pdu>| matches!(answer, Some(Pdu::AssociationRJ(_)));
    assert!(refused(&associate(gateway.port, "B").1));
    drop(first);
    wait_until("the place is free", || !refused(&associate(gateway.port, "B").1));
    gateway.stop();
}

#[test]
fn what_is_declared_too_large_is_closed_before_it_is_there() {
    let site = Site::new();
    let gateway = site.start();
    // 10,000 contexts in a request; its length alone is too much
    let mut many = connect(gateway.port);
    let _ = send(&mut many, &request("MANY", 10_000));
    assert!(!matches!(receive(&mut many), Some(Pdu::AssociationAC(_))));
    // a PDU of 4 GB
    let (mut huge, _) = associate(gateway.port, "HUGE");
    huge.write_all(&[0x04, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]).expect("sent");
    assert!(!matches!(receive(&mut huge), Some(Pdu::PData { .. })));
    // a command set of 1 GB
    let (mut long, _) = associate(gateway.port, "LONG");
    let part = fragment(PDataValueType::Command, vec![0; 60_000]);
    let sent = (0..17_000).take_while(|_| send(&mut long, &part).is_ok()).count();
    assert!(sent < 1_000, "{sent} fragments of 60 KB were taken");
    let resident = gateway.peak_resident_kib();
    assert!(resident < 120 << 10, "{resident} KiB");
    assert_eq!(pynetdicom(gateway.port, &["--echo"], &[""; 0]), ["0x0000"]);
    gateway.stop();
}

#[test]
fn a_peer_is_kept_at_its_pace() {
    let mut site = Site::new();
    site.set("intake.max_objects_per_s", 4);
    let samples = sample(&site.path("sent"), &["--ct", "6"]);
    let gateway = site.start();
    let began = std::time::Instant::now();
    let sent: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    assert_eq!(pynetdicom(gateway.port, &[], &sent), vec!["0x0000"; 6]);
    assert!(began.elapsed() >= Duration::from_millis(1_200), "six at four in a second");
    site.wait_ended(6);
    gateway.stop();
}
