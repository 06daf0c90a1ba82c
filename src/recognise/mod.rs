//! Reading text in pictures: one trait, and an engine per file.
//!
//! A detector sees pictures and nothing else: it never opens a DICOM object, and it does not know
//! which words identify a person. Its errors never quote what was read.

pub mod aws;
mod classify;
pub mod local;
mod recogniser;
mod sequence;
mod strokes;

use crate::deid::picture::{Picture, TextLine};

pub use classify::{AskError, Classifying, PhiClassifier, StudyTag};
pub use local::LocalDetector;
pub use recogniser::Recogniser;
pub use sequence::Sequence;

/// Finds and reads the lines of text in a picture.
///
/// `read` blocks; call it from a thread that may wait. The same picture gives the same lines.
pub trait TextDetector: Send + Sync {
    /// The lines of text in `picture`. The areas together cover all the ink that was found.
    fn read(&self, picture: &Picture) -> Result<Vec<TextLine>, DetectError>;
}

/// Why a picture was not read. None of these means "no text": the caller holds the object.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The sizes do not agree with the data: a fault of the caller. Reading again will not help.
    #[error("picture of {width}x{height} with {samples} samples has {bytes} bytes of data")]
    BadPicture { width: u32, height: u32, samples: u8, bytes: usize },
    /// More candidates than a page of text could have. Reading again will not help.
    #[error("more than {limit} candidates for a line of text in one picture")]
    TooManyLines { limit: usize },
    /// A model compiled into the binary could not be loaded: a fault of the build.
    #[error("the {model} model in this program cannot be loaded: install the program again")]
    Load {
        model: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that was reading is gone.
    #[error("reading was stopped")]
    Stopped,
    /// A model did not run, or answered in an unexpected shape.
    #[error("the {model} model failed")]
    Run {
        model: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
