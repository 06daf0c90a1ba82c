//! Arguments -> configuration -> run -> exit code.

use clap::Parser;
use deid_gateway::cli::{self, Cli};
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("deid-gateway: {error:#}");
            cli::exit_code(&error)
        }
    }
}
