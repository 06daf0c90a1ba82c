//! Forms of text that identify, whoever it is: numbers of persons and of telephones, addresses,
//! ages, names after a title. Technique has none of these forms: `T2 TSE 3.0`, `120kV`, `5/10`,
//! `b=1000`, `TR/TE 500/12`, versions and UIDs stay. (Dates are read [elsewhere](super::dates).)

mod ages;
mod network;
mod numbers;
mod people;
mod places;
mod telephones;

pub(super) use numbers::is_labelled as is_labelled_number;

use super::reading::{Reading, Signs};
use super::span::{Form, Span, Why};

/// Adds the parts of the text that have such a form.
pub(super) fn spans(reading: &Reading, ages_stay: bool, spans: &mut Vec<Span>) {
    network::spans(reading.text, spans);
    let mut push = |first: usize, last: Option<usize>, form: Form| {
        let range = last.map(|last| reading.range(first, last));
        spans.extend(range.map(|range| Span { range, why: Why::Form(form) }));
    };
    for run in 0..reading.runs.len() {
        if reading.is(run, Signs::Digits) {
            push(run, network::machine(reading, run), Form::Url);
            push(run, telephones::at(reading, run), Form::Telephone);
            push(run, numbers::at(reading, run), Form::Number);
            push(run, ages::at(reading, run, ages_stay), Form::Age);
            push(run, places::after_number(reading, run), Form::Address);
        } else {
            push(run, numbers::with_letters(reading, run), Form::Number);
            push(run, places::at(reading, run), Form::Address);
            if let Some((first, last)) = people::after(reading, run) {
                push(first, Some(last), Form::Name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Known;
    use super::super::span::{Form, Why};
    use crate::deid::identifiers::Identifiers;

    fn cleaned(text: &str) -> String {
        Known::new(&Identifiers::default()).clean(text).text
    }

    #[test]
    fn technique_has_none_of_these_forms() {
        for text in [
            "T2 TSE 3.0",
            "120kV 85 mAs 1.5mm",
            "5/10",
            "b=1000 b=0, 500, 1000",
            "TR/TE 500/12",
            "C7-T1 L5/S1",
            "syngo MR E11 VB17A 1.2.3.4",
            "1.2.840.113619.2.55.3.2831164355.123",
            "CT Thorax 1.25 mm Br40 S3",
            "512 x 512 x 128",
            "0.1234567",
            "DR CHEST PA",
            "MR HEAD",
            "MS plaques",
            "for contrast agent",
            "FOV 25 cm, 58Y, 45 yo",
            "T1 2016",
            "ST 5.0 SP -123.5",
            "25% PHASE 12",
            "10-20-30 s",
            "mA 02139",
            "5 min rest",
            "3D MPR 0.75",
            "id 3",
            "Head^Routine",
            "call first",
            "t2.se thorax.de head-neck.org",
            "software 10.2.1.0 17.104.3.2",
            "1.2.840.192.168.0.1",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn what_identifies_anybody_goes_and_the_rest_stays() {
        for (text, rest) in [
            ("CT head, tel. 555-0123", "CT head"),
            ("CT head (555) 010-9999 axial", "CT head axial"),
            ("call +44 20 7946 0812 first", "call first"),
            ("knee 020 7946 0812", "knee"),
            ("fax: 0711 123456 knee", "knee"),
            ("knee 01 23 45 67 89", "knee"),
            ("send to jane.doe@example.org please", "send to please"),
            ("see https://example.org/p?id=3 now", "see now"),
            ("see www.example.org/p now", "see now"),
            ("knee klinikum-lindental.de left", "knee left"),
            ("knee lindental.co.uk", "knee"),
            ("sent from 192.168.10.21 knee", "sent from knee"),
            ("IP: 10.2.1.7 knee", "IP knee"),
            ("SSN 078-05-1120 knee", "knee"),
            ("knee MRN 77120934", "knee"),
            ("knee MRN: A-12-34", "knee"),
            ("knee RAD1234567", "knee"),
            ("knee 12345678901", "knee"),
            ("knee on 17.06.2011", "knee on"),
            ("knee 2011-06-17T08:30 left", "knee left"),
            ("lives 5 Larch Grove Road", "lives"),
            ("17 Elm Street, knee", "knee"),
            ("Lindenstraße 5 Knie", "Knie"),
            ("12 rue Monge genou", "genou"),
            ("P.O. Box 123 knee", "knee"),
            ("Springfield MA 02139", "Springfield"),
            ("aged 93 knee", "knee"),
            ("knee, 95Y", "knee"),
            ("92 year-old knee", "knee"),
            ("Dr. Okonkwo knee", "knee"),
            ("knee, Mrs Okonkwo-Smythe", "knee"),
            ("Patient: Okonkwo, Adaeze; knee", "knee"),
            ("knee for Adaeze Okonkwo", "knee"),
            ("患者：山田太郎 胸部", "患者 胸部"),
        ] {
            assert_eq!(cleaned(text), rest, "{text}");
        }
    }

    #[test]
    fn ages_that_many_have_go_only_where_none_may_stay() {
        let known = || Known::new(&Identifiers::default());
        assert_eq!(known().find("58 yo knee"), None);
        assert_eq!(known().find("90Y"), Some(Why::Form(Form::Age)));
        assert_eq!(known().without_ages().clean("58 yo knee").text, "knee");
        assert_eq!(known().without_ages().clean("knee 045Y").text, "knee");
        assert_eq!(known().without_ages().find("TE 45 y 12"), None);
    }
}
