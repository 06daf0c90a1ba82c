//! What is true of the pictures of a folder, as `truth.json` says it.
//!
//! Fields that are not listed here are for whoever made the folder.

use super::EvalError;
use crate::phi::Phi;
use serde::Deserialize;
use std::path::Path;

/// A larger truth is not read.
const MAX_BYTES: u64 = 1 << 30;

#[derive(Debug, Deserialize)]
pub struct Truth {
    pub images: Vec<Image>,
}

/// A file, and every line of text in it.
#[derive(Debug, Deserialize)]
pub struct Image {
    /// Relative to the folder.
    pub file: String,
    pub lines: Vec<Line>,
}

/// A line of text.
#[derive(Debug, Deserialize)]
pub struct Line {
    pub text: Phi<String>,
    /// Whether it is technique, that may stay.
    #[serde(default)]
    pub keep: bool,
    /// Of the capitals, in pixels.
    pub height: f32,
    /// In 255ths of the range of the picture.
    pub contrast: f32,
    /// Counterclockwise, in degrees.
    #[serde(default)]
    pub turned: f32,
    /// The first frame that has it, and the first behind that has not.
    #[serde(default = "first_frame")]
    pub frames: (u32, u32),
    /// Left, top, right, bottom.
    #[serde(rename = "box")]
    pub area: [u32; 4],
    /// Row, column and length of every run of ink.
    pub ink: Vec<(u32, u32, u32)>,
}

fn first_frame() -> (u32, u32) {
    (0, 1)
}

impl Truth {
    /// Reads `truth.json` of a folder.
    pub fn read(folder: &Path) -> Result<Self, EvalError> {
        let path = folder.join("truth.json");
        let failed = |source| EvalError::Path {
            path: path.clone(),
            what: "cannot be read: it says what is true of each picture",
            source,
        };
        if std::fs::metadata(&path).map_err(failed)?.len() > MAX_BYTES {
            return Err(failed(std::io::Error::other("it is larger than 1 GiB")));
        }
        let text = std::fs::read(&path).map_err(failed)?;
        let truth: Self = serde_json::from_slice(&text).map_err(|error| {
            // Its message may quote a text of the truth.
            let what = format!("column {}: not what is expected there", error.column());
            EvalError::at(&path, error.line() as u64, what)
        })?;
        if truth.images.is_empty() {
            return Err(EvalError::at(&path, 0, "it names no picture".into()));
        }
        for image in &truth.images {
            let empty = |line: &Line| {
                line.ink.is_empty()
                    || line.frames.0 >= line.frames.1
                    || line.text.reveal().is_empty()
            };
            if image.lines.iter().any(empty) {
                let what = "a line without text, without ink or in no frame";
                return Err(EvalError::truth(folder, &image.file, what));
            }
        }
        Ok(truth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Truth, String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("truth.json"), json).expect("written");
        Truth::read(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_truth_that_proves_nothing_is_an_error_without_its_texts() {
        let line = |text: &str, ink: &str, frames: &str| {
            format!(
                r#"{{"images":[{{"file":"a.dcm","lines":[{{"text":{text},"height":8,"contrast":40,
                "frames":{frames},"box":[0,0,9,9],"ink":{ink}}}]}}]}}"#
            )
        };
        assert!(read(&line("\"SMITHSON\"", "[[1,2,3]]", "[0,1]")).is_ok());
        for wrong in [
            line("\"SMITHSON\"", "[]", "[0,1]"),
            line("\"SMITHSON\"", "[[1,2,3]]", "[1,1]"),
            line("\"\"", "[[1,2,3]]", "[0,1]"),
            line("[\"SMITHSON\"]", "[[1,2,3]]", "[0,1]"),
            line("\"SMITHSON\"", "[[1,\"SMITHSON\"]]", "[0,1]"),
            r#"{"images":[]}"#.into(),
        ] {
            let error = read(&wrong).expect_err("not usable");
            assert!(error.contains("truth.json") && !error.contains("SMITHSON"), "{error}");
        }
    }
}
