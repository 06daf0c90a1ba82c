//! Where objects lie until they are delivered: whether it can be written, how much is free, and whether it is
//! encrypted.

use super::volume::Volume;
use super::{Finding, Outcome, finding};
use crate::config::Config;
use std::path::Path;

/// With less room than so many times `min_free_bytes` there is a warning.
const ROOM: u64 = 10;

/// The spool: its directory is made for its owner alone, as `serve` makes it.
pub(super) fn spool(config: &Config) -> Vec<Finding> {
    let directory = &config.spool.directory;
    let made = private_directory(directory);
    let is_there = made.is_ok();
    let mut findings = vec![finding("[spool]", made)];
    if is_there {
        let outcome = room(directory, config.intake.min_free_bytes);
        findings.push(Finding { what: "[spool] disk".into(), outcome });
        let outcome = encryption(&Volume::of(directory));
        findings.push(Finding { what: "[spool] encryption".into(), outcome });
    }
    findings
}

fn private_directory(directory: &Path) -> Result<String, String> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| format!("{}: cannot be made: {error}", directory.display()))?;
    writable(directory)
}

/// A directory that exists or can be made, and a file that can be made in it.
pub(super) fn writable(directory: &Path) -> Result<String, String> {
    std::fs::create_dir_all(directory)
        .and_then(|()| tempfile::NamedTempFile::new_in(directory).map(|_| ()))
        .map_err(|error| format!("{}: not writable: {error}", directory.display()))?;
    Ok(format!("{}: writable", directory.display()))
}

fn room(directory: &Path, least: u64) -> Outcome {
    let stat = match rustix::fs::statvfs(directory) {
        Ok(stat) => stat,
        Err(error) => return Outcome::Wrong(format!("{}: {error}", directory.display())),
    };
    let (free, all) = (stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize);
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let said = format!("{} free of {}", gib(free), gib(all));
    let refused = format!("objects are refused below {} (min_free_bytes)", gib(least));
    if free < least {
        Outcome::Wrong(format!("{said}: {refused}; make room, or take a larger disk"))
    } else if free < least.saturating_mul(ROOM) {
        Outcome::Warning(format!("{said}, which fills while a destination is down: {refused}"))
    } else {
        Outcome::Fine(format!("{said}; {refused}"))
    }
}

fn encryption(volume: &Volume) -> Outcome {
    match volume {
        Volume::Encrypted(how) => Outcome::Fine(how.clone()),
        Volume::Plain(on) => Outcome::Warning(format!(
            "none is seen ({on}): originals lie there with all that identifies; put the spool on an encrypted \
             volume, if the storage below does not encrypt"
        )),
        Volume::Memory(kind) => Outcome::Warning(format!(
            "it is in memory ({kind}): what was acknowledged is lost when this machine stops; put the spool on a disk"
        )),
        Volume::Layer => Outcome::Warning(
            "it is in the layer of a container: what was acknowledged is lost with it; mount a volume there".into(),
        ),
        Volume::Network(kind) => Outcome::Warning(format!(
            "it is on another machine ({kind}): whether it is encrypted there, and keeps what was synced, cannot be \
             seen from here"
        )),
        Volume::Unknown(why) => Outcome::Warning(format!("it cannot be seen: {why}")),
    }
}
