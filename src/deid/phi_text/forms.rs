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
