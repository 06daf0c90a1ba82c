//! The models and the dictionary, compiled into the binary; `NOTICE` says where they come from.

use super::onnx::{self, OnnxNetwork};
use crate::recognise::DetectError;

use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use std::sync::Arc;

const DETECTION: &[u8] = include_bytes!("models/ppocrv6_small_det.onnx");
const RECOGNITION: &[u8] = include_bytes!("models/ppocrv6_small_rec.onnx");
const DICTIONARY: &str = include_str!("models/ppocrv6_dict.txt");

/// What the networks run on.
pub(super) struct Engine {
    pub(super) threads: usize,
    /// The library of ONNX Runtime, by name or path; where it cannot be used, `rten` runs them.
    pub(super) onnx_runtime: String,
}

/// A network with one input and one output, and what runs it.
pub(super) struct Network {
    name: &'static str,
    runs_on: RunsOn,
}

enum RunsOn {
    Rten { model: Box<Model>, threads: Arc<ThreadPool> },
    OnnxRuntime(OnnxNetwork),
}

impl Network {
    /// The network that finds lines.
    pub(super) fn detection(engine: &Engine) -> Result<Self, DetectError> {
        Self::load("detection", DETECTION, engine)
    }

    /// The network that reads a line.
    pub(super) fn recognition(engine: &Engine) -> Result<Self, DetectError> {
        Self::load("recognition", RECOGNITION, engine)
    }

    fn load(
        name: &'static str,
        bytes: &'static [u8],
        engine: &Engine,
    ) -> Result<Self, DetectError> {
        if let Some(environment) = onnx::environment(&engine.onnx_runtime) {
            match OnnxNetwork::load(environment, bytes, engine.threads) {
                Ok(network) => return Ok(Self { name, runs_on: RunsOn::OnnxRuntime(network) }),
                Err(error) => tracing::warn!(%error, "ONNX Runtime does not take the {name} model"),
            }
        }
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load_static_slice(bytes)
            .map_err(|source| DetectError::Load { model: name, source: source.into() })?;
        let threads = Arc::new(ThreadPool::with_num_threads(engine.threads));
        Ok(Self { name, runs_on: RunsOn::Rten { model: Box::new(model), threads } })
    }

    /// The name of what runs it.
    pub(super) fn runs_on(&self) -> &'static str {
        match self.runs_on {
            RunsOn::Rten { .. } => "rten",
            RunsOn::OnnxRuntime(_) => "ONNX Runtime",
        }
    }

    /// Runs the network on a batch of pictures (N, C, H, W); the answer has `M` dimensions.
    pub(super) fn run<const M: usize>(
        &self,
        input: NdTensor<f32, 4>,
    ) -> Result<NdTensor<f32, M>, DetectError> {
        let (model, threads) = match &self.runs_on {
            RunsOn::OnnxRuntime(network) => {
                return network.run(&input).map_err(|source| self.failure(source));
            }
            RunsOn::Rten { model, threads } => (model, threads),
        };
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(threads)));
        let output = model
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
        let engine = Engine { threads: 1, onnx_runtime: String::new() };
        let error = Network::load("detection", b"", &engine).err().expect("no model").to_string();
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
