//! Decoding results for destinations that do not take their transfer syntax: in children, as verifying.

use super::{files, out_of_step, pool_limits};
use crate::config::{Config, Limits};
use crate::sandbox::{Pool, Reply, Request, Role, RunError};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Children that decode results.
pub struct Transcoder {
    pool: Pool,
    limits: Limits,
    scratch: PathBuf,
}

impl Transcoder {
    /// The children that a configuration asks for. Nothing is started yet.
    pub fn new(config: &Config, scratch: &Path) -> Self {
        let pool = Pool::new(Role::Verify, pool_limits(config));
        Self { pool, limits: config.limits.clone(), scratch: scratch.to_owned() }
    }

    /// The object of a result in Explicit VR Little Endian with native pixels, in a file without a
    /// name.
    pub async fn explicit(&self, result: &Path) -> Result<File, RunError> {
        let files = files::with_output(result, &self.scratch)?;
        let request = Request::Transcode { limits: self.limits.clone() };
        match self.pool.start(&request, &files).await?.next().await? {
            Reply::Transcoded => files.output.ok_or_else(out_of_step),
            _ => Err(out_of_step()),
        }
    }
}
