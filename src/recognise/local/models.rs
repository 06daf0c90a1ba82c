//! The models and the dictionary, compiled into the binary; `NOTICE` says where they come from.

use crate::recognise::DetectError;

use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use std::sync::Arc;

const DETECTION: &[u8] = include_bytes!("models/ppocrv6_small_det.onnx");
const RECOGNITION: &[u8] = include_bytes!("models/ppocrv6_small_rec.onnx");
const DICTIONARY: &str = include_str!("models/ppocrv6_dict.txt");

/// A network with one input and one output, and the threads that it may use.
pub(super) struct Network {
    name: &'static str,
    model: Model,
    threads: Arc<ThreadPool>,
}

impl Network {
    /// The network that finds lines.
    pub(super) fn detection(threads: Arc<ThreadPool>) -> Result<Self, DetectError> {
        Self::load("detection", DETECTION, threads)
    }

    /// The network that reads a line.
    pub(super) fn recognition(threads: Arc<ThreadPool>) -> Result<Self, DetectError> {
        Self::load("recognition", RECOGNITION, threads)
    }

    fn load(
        name: &'static str,
        bytes: &'static [u8],
        threads: Arc<ThreadPool>,
    ) -> Result<Self, DetectError> {
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load_static_slice(bytes)
            .map_err(|source| DetectError::Load { model: name, source: source.into() })?;
        Ok(Self { name, model, threads })
    }

    /// Runs the network on a batch of pictures (N, C, H, W); the answer has `M` dimensions.
    pub(super) fn run<const M: usize>(
        &self,
        input: NdTensor<f32, 4>,
    ) -> Result<NdTensor<f32, M>, DetectError> {
        let options = RunOptions::default().with_thread_pool(Some(self.threads.clone()));
        let output = self
            .model
            .run_one(input.into(), Some(options))
            .map_err(|source| self.failure(source.into()))?;
        NdTensor::<f32, M>::try_from(output).map_err(|source| self.failure(source.into()))
    }

    /// An answer of this network that cannot be used.
    pub(super) fn failure(&self, source: Box<dyn std::error::Error + Send + Sync>) -> DetectError {
        DetectError::Run { model: self.name, source }
    }
}

/// The text of each class of the recognition network: blank, the dictionary, the space.
pub(super) fn classes() -> Vec<&'static str> {
    std::iter::once("").chain(DICTIONARY.lines()).chain(std::iter::once(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn sha256(bytes: &[u8]) -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_program_without_its_models_says_so_and_what_to_do() {
        let threads = Arc::new(ThreadPool::with_num_threads(1));
        let error = Network::load("detection", b"", threads).err().expect("no model").to_string();
        assert!(error.contains("detection") && error.contains("install"), "{error}");
        assert!(!error.contains('\n'));
    }

    #[test]
    fn the_files_are_the_published_ones_and_the_notice_lists_them() {
        let notice = include_str!("../../../NOTICE");
        for (bytes, digest) in [
            (DETECTION, "d73e0058b7a8086bbd57f3d10b8bcd4ff95363f67e06e2762b5e814fe9c9410e"),
            (RECOGNITION, "5435fd747c9e0efe15a96d0b378d5bd157e9492ed8fd80edf08f30d02fa24634"),
            (
                DICTIONARY.as_bytes(),
                "769e7fa79bb297b5f18d8dbd149e364a45bc61f2b3f574e5ea836f0b261c23a6",
            ),
        ] {
            assert_eq!(sha256(bytes), digest);
            assert!(notice.contains(digest));
        }
    }

    #[test]
    fn the_classes_begin_with_blank_and_end_with_space() {
        let classes = classes();
        assert_eq!((classes.len(), classes[0], classes[1]), (18710, "", "!"));
        assert_eq!(classes.last(), Some(&" "));
        assert!(classes[1..].iter().all(|text| text.chars().count() >= 1 && *text != "\r"));
    }
}
