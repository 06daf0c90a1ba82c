//! Which words identify a person: plain functions over text, without a header around them.
//!
//! ```text
//! Identifiers ─▶ needles ─▶ Known ─┐
//! text ─▶ reading (runs, folded) ──┴─▶ spans: names, IDs, dates of the object; forms ─▶ clean
//! ```
//!
//! Invariants: a text is read in time that grows with its length; spans lie on boundaries of
//! characters; in what [`Known::clean`] gives, [`Known::find`] finds nothing; nothing here prints a
//! value. The header and its residue, and burned-in text, ask the same [`Known`].

mod burned_in;
mod clean;
mod dates;
mod fold;
mod forms;
mod keep;
mod known;
mod labels;
mod misspelled;
mod months;
mod names;
mod needles;
mod reading;
mod span;
mod spelling;
mod vocabulary;

pub use clean::Cleaned;
pub use keep::KeepWords;
pub use known::Known;
pub use span::{Form, Span, Why};
