//! ONNX Runtime, where its library is found: the same models, faster than `rten`.
//!
//! Invariants: without the library, or with one that cannot be used, nothing changes but the speed; what
//! it answers is that of `rten` to within rounding.

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::panic::catch_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The library allows one environment in a process.
static ENVIRONMENT: OnceLock<Option<Environment>> = OnceLock::new();

/// The environment of the library of that name or path; `None` if it cannot be used.
pub(super) fn environment(library: &str) -> Option<&'static Environment> {
    if library.is_empty() {
        return None;
    }
    let library = library.to_owned();
    let load = move || {
        // A library of another kind or age makes the binding panic.
        let made = catch_unwind(|| -> Result<Environment, Fault> {
            Ok(ort::init_from(&library)?.with_name("deid").with_telemetry(false).build()?)
        });
        match made {
            Ok(Ok(environment)) => {
                tracing::info!("reading with ONNX Runtime");
                Some(environment)
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "ONNX Runtime is not used");
                None
            }
            Err(_) => {
                tracing::warn!("ONNX Runtime is not used: the library is of another version");
                None
            }
        }
    };
    ENVIRONMENT.get_or_init(load).as_ref()
}

/// One network.
pub(super) struct OnnxNetwork {
    session: Mutex<Session>,
    output: String,
}

impl OnnxNetwork {
    pub(super) fn load(
        environment: &Environment,
        model: &[u8],
        threads: usize,
    ) -> Result<Self, Fault> {
        let session = Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|error| error.to_string())?
            .with_intra_threads(threads)
            .map_err(|error| error.to_string())?
            // Waiting threads would take the processor from the children.
            .with_intra_op_spinning(false)
            .map_err(|error| error.to_string())?
            // Pictures differ in size: what was planned for one is of no use for the next.
            .with_memory_pattern(false)
            .map_err(|error| error.to_string())?
            .commit_from_memory(model)?;
        let output = session.outputs().first().ok_or("a model without an output")?;
        let output = output.name().to_owned();
        Ok(Self { session: Mutex::new(session), output })
    }

    pub(super) fn run<const M: usize>(
        &self,
        input: &NdTensor<f32, 4>,
    ) -> Result<NdTensor<f32, M>, Fault> {
        let data = input.data().ok_or("an input with gaps")?;
        let tensor = TensorRef::from_array_view((input.shape(), data))?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = session.run(ort::inputs![tensor])?;
        let answer = answers.get(&self.output).ok_or("no answer")?;
        let (shape, data) = answer.try_extract_tensor::<f32>()?;
        let sides: Vec<usize> =
            shape.iter().map(|side| usize::try_from(*side)).collect::<Result<_, _>>()?;
        let sides: [usize; M] = sides.try_into().map_err(|_| "an answer of another shape")?;
        Ok(NdTensor::from_data(sides, data.to_vec()))
    }
}
