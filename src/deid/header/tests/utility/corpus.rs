//! Descriptions and patients of testdata/descriptions, joined by a seeded choice. Its README tells
//! the form of the files.

use super::super::{object, text};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::iter::Peekable;
use std::str::Chars;

const PEOPLE: &str = include_str!("../../../../../testdata/descriptions/people.txt");

/// Choices that are the same in every run.
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).expect("below the limit")
    }
}

/// A patient, and what the header says of the examination.
pub struct Person {
    pub family: String,
    pub given: String,
    pub middle: String,
    pub referrer: String,
    pub operator: String,
    pub city: String,
    pub institution: String,
    pub id: String,
    pub accession: String,
    pub birth: [usize; 3],
    pub study: [usize; 3],
    pub phone: String,
    pub email: String,
    pub station: String,
    /// The family name or the operator's is a word of technique, or too short to say anything alone.
    pub ambiguous: bool,
    pub ambiguous_operator: bool,
    /// Nothing of it can be told from anything else.
    pub never_planted: bool,
}

impl Person {
    fn of(line: &str, random: &mut Seeded) -> Self {
        let plain = line.trim_start_matches(['*', '-']);
        let [family, given, middle, referrer, operator, city, institution] =
            plain.split('|').collect::<Vec<_>>().try_into().expect("seven fields");
        let mut digits = |count: usize| -> String {
            let first = char::from(b'1' + u8::try_from(random.below(9)).expect("a digit"));
            let rest = (1..count).map(|_| char::from(b'0' + random.below(10) as u8));
            std::iter::once(first).chain(rest).collect()
        };
        let (number, other, last) = (digits(7), digits(8), digits(4));
        let ids =
            [format!("MRN{number}"), number.clone(), format!("{}-{}", &number[..3], &number[3..])];
        let phones = [format!("+49 7071 {number}"), format!("(555) {}-{last}", &number[..3])];
        let mail = |c: char| c.is_ascii_alphanumeric();
        let local: String = family.to_lowercase().chars().filter(|c| mail(*c)).collect();
        Self {
            family: family.into(),
            given: given.into(),
            middle: middle.into(),
            referrer: referrer.into(),
            operator: operator.trim_start_matches('*').into(),
            city: city.into(),
            institution: institution.into(),
            id: ids[random.below(3)].clone(),
            accession: format!("AC{other}"),
            birth: [1930 + random.below(70), 1 + random.below(12), 13 + random.below(16)],
            study: [2010 + random.below(15), 1 + random.below(12), 13 + random.below(16)],
            phone: phones[random.below(2)].clone(),
            email: format!("{local}.{last}@post.example"),
            station: format!(
                "{}ROOM{}",
                &city.chars().filter(char::is_ascii).collect::<String>(),
                &last[..2]
            ),
            ambiguous: line.starts_with('*'),
            ambiguous_operator: operator.starts_with('*'),
            never_planted: line.starts_with('-'),
        }
    }

    /// The people of one half.
    pub fn all(half: &str, random: &mut Seeded) -> Vec<Self> {
        section(PEOPLE, half).map(|line| Self::of(line, random)).collect()
    }

    /// What stands for a place of a description; capitals ask for capitals.
    fn fill(&self, place: &str) -> String {
        let (name, form) = place.split_once(':').unwrap_or((place, ""));
        let value = match name.to_lowercase().as_str() {
            "family" => self.family.clone(),
            "given" => self.given.clone(),
            "middle" => self.middle.clone(),
            "initial" => self.given.chars().take(1).collect(),
            "referrer" => self.referrer.clone(),
            "operator" => self.operator.clone(),
            "city" => self.city.clone(),
            "institution" => self.institution.clone(),
            "id" => self.id.clone(),
            "accession" => self.accession.clone(),
            "phone" => self.phone.clone(),
            "email" => self.email.clone(),
            "station" => self.station.clone(),
            "birth" => written(self.birth, form),
            "study" => written(self.study, form),
            other => panic!("no such place: {other}"),
        };
        if name.chars().all(char::is_uppercase) { value.to_uppercase() } else { value }
    }

    /// The header of one of the patient's objects.
    pub fn header(&self) -> InMemDicomObject {
        let name = |family: &str| format!("{family}^^^Dr");
        object(vec![
            text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
            text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"),
            text(tags::MODALITY, VR::CS, "CT"),
            text(
                tags::PATIENT_NAME,
                VR::PN,
                &format!("{}^{}^{}", self.family, self.given, self.middle),
            ),
            text(tags::PATIENT_ID, VR::LO, &self.id),
            text(tags::PATIENT_BIRTH_DATE, VR::DA, &written(self.birth, "ymd")),
            text(tags::PATIENT_TELEPHONE_NUMBERS, VR::SH, &self.phone),
            text(tags::PATIENT_TELECOM_INFORMATION, VR::LT, &self.email),
            text(tags::PATIENT_ADDRESS, VR::LO, &format!("4 Mill Lane, {}", self.city)),
            text(tags::ACCESSION_NUMBER, VR::SH, &self.accession),
            text(tags::STUDY_DATE, VR::DA, &written(self.study, "ymd")),
            text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, &name(&self.referrer)),
            text(tags::OPERATORS_NAME, VR::PN, &name(&self.operator)),
            text(tags::INSTITUTION_NAME, VR::LO, &self.institution),
            text(tags::STATION_NAME, VR::SH, &self.station),
        ])
    }
}

fn written([year, month, day]: [usize; 3], form: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    match form {
        "ymd" => format!("{year}{month:02}{day:02}"),
        "iso" => format!("{year}-{month:02}-{day:02}"),
        "dmy." => format!("{day:02}.{month:02}.{year}"),
        "dmy/" => format!("{day:02}/{month:02}/{year}"),
        "mdy/" => format!("{month:02}/{day:02}/{:02}", year % 100),
        "dmonthy" => format!("{day} {} {year}", MONTHS[month - 1]),
        other => panic!("no such form of a date: {other}"),
    }
}

/// A part of a description, and what must become of it.
pub enum Part {
    Stays(String),
    Goes { what: String, value: String },
    May(String),
}

/// The descriptions of a file, from one of its sections.
pub fn section<'a>(file: &'a str, title: &str) -> impl Iterator<Item = &'a str> {
    let title = format!("## {title}");
    file.lines()
        .skip_while(move |line| *line != title)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| !line.is_empty())
}

/// Whether what is planted by this line can be told from technique, for this person.
pub fn can_be_planted(line: &str, person: &Person) -> bool {
    let lone = line.starts_with('~') && person.ambiguous;
    let operator = line.contains("{operator}") && person.ambiguous_operator;
    !(person.never_planted || lone || operator)
}

/// A planted line with its places filled.
pub fn parts(line: &str, person: &Person) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = line.trim_start_matches('~').chars().peekable();
    while let Some(c) = chars.peek().copied() {
        match c {
            '{' => {
                let place = bracketed(&mut chars, '}');
                parts.push(Part::Goes { value: person.fill(&place), what: place });
            }
            '[' => parts.push(Part::May(bracketed(&mut chars, ']'))),
            _ => {
                let mut stays = String::new();
                while let Some(c) = chars.next_if(|c| !['{', '['].contains(c)) {
                    stays.push(c);
                }
                parts.push(Part::Stays(stays));
            }
        }
    }
    parts
}

fn bracketed(chars: &mut Peekable<Chars>, close: char) -> String {
    chars.next();
    chars.by_ref().take_while(|c| *c != close).collect()
}
