//! What a peer may ask of the gateway: a bounded share, and nothing of what belongs to others.

use crate::harness::{Site, judge_all, pynetdicom, sample, wait_until};
use dicom_ul::pdu::{
    AssociationRQ, PDataValue, PDataValueType, Pdu, PresentationContextProposed, UserVariableItem,
    read_pdu, write_pdu,
};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Storage Commitment Push Model.
const PUSH_MODEL: &str = "1.2.840.10008.1.20.1";
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

/// A C-STORE-RQ that announces a data set (PS3.7 section 9.3.1.1).
fn c_store_rq() -> Vec<u8> {
    let element = |number: u16, value: &[u8]| {
        let length = (value.len() as u32).to_le_bytes();
        [&[0, 0], &number.to_le_bytes()[..], &length[..], value].concat()
    };
    let rest = [
        element(0x0002, b"1.2.840.10008.5.1.4.1.1.2\0"),
        element(0x0100, &[1, 0]),
        element(0x0110, &[1, 0]),
        element(0x0700, &[0, 0]),
        element(0x0800, &[0, 0]),
        element(0x1000, b"1.2.3.4\0"),
    ]
    .concat();
    [element(0x0000, &(rest.len() as u32).to_le_bytes()), rest].concat()
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
    let senders = ["IDLE", "DRIP", "PYNETDICOM"]
        .map(|title| format!("name = \"{title}\"\ncalling_ae_title = \"{title}\""));
    site.senders(&senders.each_ref().map(String::as_str));
    let samples = sample(&site.path("sent"), &["--ct", "8"]);
    let gateway = site.start();
    // 150 that say nothing, 500 that want an Association to do nothing with, 50 that drip
    let silent: Vec<_> = (0..150).map(|_| connect(gateway.port)).collect();
    let idle: Vec<_> = (0..500).map(|_| associate(gateway.port, "IDLE")).collect();
    let accepted = |answer: &Option<Pdu>| matches!(answer, Some(Pdu::AssociationAC(_)));
    let rejected = |answer: &Option<Pdu>| matches!(answer, Some(Pdu::AssociationRJ(rj)) if format!("{rj:?}").contains("LocalLimit"));
    assert_eq!(idle.iter().filter(|(_, answer)| accepted(answer)).count(), 4);
    let mut drips: Vec<_> = (0..50).map(|_| associate(gateway.port, "DRIP")).collect();
    drips.retain(|(_, answer)| accepted(answer));
    assert_eq!(drips.len(), 4);
    for (stream, _) in &mut drips {
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
    assert_eq!((busy, told + 4), (told + 46, idle.len()), "who is refused is told that it passes");
    drop((silent, drips));
    gateway.stop();
}

#[test]
fn a_destination_that_may_report_may_not_store_under_the_context_of_its_reports() {
    let mut site = Site::new();
    site.deliver_to_port_with(1, "commitment = true");
    site.senders(&["name = \"ct\"\ncalling_ae_title = \"CT1\""]);
    let gateway = site.start();
    for (class, is_let_in) in [(PUSH_MODEL, true), (CT, false)] {
        let mut stream = connect(gateway.port);
        let Pdu::AssociationRQ(mut rq) = request("RESEARCH", 1) else { panic!("a request") };
        rq.presentation_contexts[0].abstract_syntax = class.into();
        send(&mut stream, &Pdu::AssociationRQ(rq)).expect("sent");
        let Some(Pdu::AssociationAC(ac)) = receive(&mut stream) else { panic!("not let in") };
        let is_accepted = ac.presentation_contexts[0].reason.clone() as u8 == 0;
        assert_eq!(is_accepted, is_let_in, "{class}");
        let mut command = fragment(PDataValueType::Command, c_store_rq());
        let Pdu::PData { data } = &mut command else { panic!("data") };
        data[0].is_last = true;
        send(&mut stream, &command).expect("sent");
        // the end of a data set: who took the command would answer now
        let mut data_set = fragment(PDataValueType::Data, vec![0; 8]);
        let Pdu::PData { data } = &mut data_set else { panic!("data") };
        data[0].is_last = true;
        let _ = send(&mut stream, &data_set);
        let answer = receive(&mut stream);
        assert!(!matches!(answer, Some(Pdu::PData { .. })), "{class}: answered");
    }
    let ended = "a message in a presentation context that is not for it";
    wait_until("the log says why", || gateway.stderr().contains(ended));
    assert!(site.originals().is_empty());
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
fn who_drips_is_cut_and_who_pauses_too_long_as_well() {
    let mut site = Site::new();
    site.set("intake.min_bytes_per_s", 1_000_000_000);
    site.set("intake.idle_timeout_ms", 2_000);
    let gateway = site.start();
    let (mut idle, _) = associate(gateway.port, "IDLE");
    assert!(matches!(receive(&mut idle), Some(Pdu::AbortRQ { .. })), "idle_timeout_ms");
    wait_until("the log says why", || gateway.stderr().contains("idle_timeout_ms"));
    let (mut drip, _) = associate(gateway.port, "DRIP");
    let part = fragment(PDataValueType::Command, vec![0; 8]);
    let cut = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(500));
        send(&mut drip, &part).is_err()
    });
    assert!(cut);
    wait_until("the log says why", || gateway.stderr().contains("min_bytes_per_s"));
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
