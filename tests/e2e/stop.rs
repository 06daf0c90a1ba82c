//! SIGTERM: what is in flight ends or is cut in time, nothing new begins, the exit code is 0.

use crate::harness::{Gateway, Site, judge, sample, storescu, wait_until};
use deid_gateway::dimse::command::{CStoreRq, Command, c_store_rq};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_ul::association::client::{ClientAssociation, ClientAssociationOptions};
use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_VR_LE: &str = "1.2.840.10008.1.2.1";

fn send(
    association: &mut ClientAssociation<TcpStream>,
    value_type: PDataValueType,
    is_last: bool,
    data: Vec<u8>,
) {
    let presentation_context_id = association.presentation_contexts()[0].id;
    let value = PDataValue { presentation_context_id, value_type, is_last, data };
    association.send(&Pdu::PData { data: vec![value] }).expect("sent");
}

fn wait_stopping(gateway: &Gateway) {
    gateway.terminate();
    wait_until("it says that it stops", || gateway.stderr().contains("stopping"));
}

#[test]
fn sigterm_ends_it_with_code_0() {
    let site = Site::new();
    let mut gateway = site.start();
    wait_stopping(&gateway);
    assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.stderr());
}

#[test]
fn sigterm_lets_an_association_in_flight_finish() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let mut gateway = site.start();
    let mut association = ClientAssociationOptions::new()
        .called_ae_title("DEID")
        .with_presentation_context(CT, vec![EXPLICIT_VR_LE])
        .establish(("127.0.0.1", gateway.port))
        .expect("an association");

    let rq = CStoreRq {
        message_id: 1,
        sop_class_uid: CT.into(),
        sop_instance_uid: sample.sop_uid.clone(),
        has_data_set: true,
    };
    let file = std::fs::read(&sample.path).expect("readable");
    // The group length of the File Meta Information says where the data set begins.
    let length = u32::from_le_bytes(file[140..144].try_into().expect("four bytes"));
    let data_set = &file[144 + length as usize..];
    let pieces: Vec<_> = data_set.chunks(16_000).collect();
    let (last, first) = pieces.split_last().expect("pieces");
    let (before, after) = first.split_at(first.len() / 2);
    send(&mut association, PDataValueType::Command, true, c_store_rq(&rq));
    for piece in before {
        send(&mut association, PDataValueType::Data, false, piece.to_vec());
    }
    wait_stopping(&gateway);
    for piece in after {
        send(&mut association, PDataValueType::Data, false, piece.to_vec());
    }
    send(&mut association, PDataValueType::Data, true, last.to_vec());

    let Pdu::PData { data } = association.receive().expect("an answer") else {
        panic!("no data PDU");
    };
    let answer = Command::parse(&data[0].data).expect("a command");
    assert_eq!(answer, Command::CStoreRsp { message_id: 1, status: 0 });
    association.release().expect("released");
    assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.stderr());

    // Acknowledged while it stopped: delivered after the next start.
    let gateway = site.start();
    site.wait_ended(1);
    judge(&sample.path, &site.delivered()[0]);
    gateway.stop();
}

#[test]
fn while_it_stops_it_takes_no_new_association() {
    let site = Site::new();
    let mut gateway = site.start();
    // Held open, so that the gateway stays in its drain.
    let association = ClientAssociationOptions::new()
        .called_ae_title("DEID")
        .with_presentation_context(CT, vec![EXPLICIT_VR_LE])
        .establish(("127.0.0.1", gateway.port))
        .expect("an association");
    wait_stopping(&gateway);
    let port = gateway.port;
    wait_until("it stops listening", || TcpStream::connect(("127.0.0.1", port)).is_err());
    association.release().expect("released");
    assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.stderr());
}

#[test]
fn an_association_that_does_not_end_is_cut_in_time() {
    let mut site = Site::new();
    site.set("serve.stop_timeout_ms", 500);
    let mut gateway = site.start();
    let association = ClientAssociationOptions::new()
        .called_ae_title("DEID")
        .with_presentation_context(CT, vec![EXPLICIT_VR_LE])
        .establish(("127.0.0.1", gateway.port))
        .expect("an association");
    wait_stopping(&gateway);
    assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.stderr());
    assert!(gateway.stderr().contains("cut at the end of stop_timeout_ms"), "{}", gateway.stderr());
    drop(association);
}

#[test]
fn a_picture_in_reading_does_not_hold_up_the_end() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--cr", "1"]).remove(0);
    let large = enlarged(&sample.path, "large.dcm");
    let mut gateway = site.start();
    storescu(gateway.port, &[], &[&large]);
    wait_until("it is being read", || gateway.stderr().contains("reading a picture"));
    wait_stopping(&gateway);
    assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.stderr());
    assert!(!gateway.stderr().contains("a picture was read"), "it did not wait for that");
}

/// A copy of an image with a picture that takes far longer to read than a gateway takes to stop.
fn enlarged(source: &Path, name: &str) -> PathBuf {
    const SIDE: u16 = 8_000;
    let mut object = dicom_object::open_file(source).expect("a DICOM file");
    for tag in [tags::ROWS, tags::COLUMNS] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(SIDE)));
    }
    for tag in [tags::SAMPLES_PER_PIXEL, tags::BITS_ALLOCATED, tags::BITS_STORED, tags::HIGH_BIT] {
        let value: u16 = if tag == tags::SAMPLES_PER_PIXEL { 1 } else { 8 };
        let value = if tag == tags::HIGH_BIT { 7 } else { value };
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let photometric = tags::PHOTOMETRIC_INTERPRETATION;
    object.put(DataElement::new(photometric, VR::CS, "MONOCHROME2"));
    object.remove_element(tags::PLANAR_CONFIGURATION);
    let pixels: Vec<u8> = (0..u32::from(SIDE).pow(2)).map(|i| (i % 251) as u8).collect();
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(pixels)));
    let copy = source.with_file_name(name);
    object.write_to_file(&copy).expect("written");
    copy
}
