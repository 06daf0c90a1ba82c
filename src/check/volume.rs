//! What a directory lies on, as far as the kernel tells: encrypted, plain, memory, or elsewhere.

use procfs::process::{MountInfo, Process};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const SYS: &str = "/sys";
/// What cryptsetup makes that tells changes and hides nothing.
const CHECKS_ALONE: [&str; 2] = ["CRYPT-VERITY", "CRYPT-INTEGRITY"];
/// How many devices may lie below each other.
const MAX_DEPTH: usize = 16;

/// What a directory lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Volume {
    /// And how.
    Encrypted(String),
    /// A disk on which no encryption is seen: file system and device.
    Plain(String),
    /// A file system in memory.
    Memory(String),
    /// What a container writes where no volume is mounted.
    Layer,
    /// A file system of another machine.
    Network(String),
    /// Why it cannot be told.
    Unknown(String),
}

impl Volume {
    /// Of a directory that exists.
    pub(super) fn of(directory: &Path) -> Self {
        Self::look(directory).unwrap_or_else(|error| Self::Unknown(error.to_string()))
    }

    fn look(directory: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let directory = directory.canonicalize()?;
        if is_encrypted_directory(&directory)? {
            return Ok(Self::Encrypted("the file system encrypts this directory".into()));
        }
        let mounts = Process::myself()?.mountinfo()?;
        let below = |mount: &MountInfo| directory.starts_with(&mount.mount_point);
        let depth = |mount: &MountInfo| mount.mount_point.components().count();
        // Of several on one point the last is the one that is seen.
        let mount = mounts.into_iter().filter(below).max_by_key(depth).ok_or("no mount point")?;
        let source = mount.mount_source.unwrap_or_default();
        let kind = mount.fs_type;
        Ok(match kind.as_str() {
            "tmpfs" | "ramfs" => Self::Memory(kind),
            "overlay" => Self::Layer,
            "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "ceph" | "virtiofs" => Self::Network(kind),
            "ecryptfs" | "fuse.gocryptfs" | "fuse.cryfs" | "fuse.encfs" => {
                Self::Encrypted(format!("{kind} encrypts it"))
            }
            _ => match is_on_crypt(Path::new(SYS), &number_of(&source, &mount.majmin)) {
                true => Self::Encrypted(format!("{kind} on {source}, which dm-crypt encrypts")),
                false => Self::Plain(format!("{kind} on {source}")),
            },
        })
    }
}

/// Of the device that the mount names, for Btrfs gives its mounts numbers of no device.
fn number_of(source: &str, majmin: &str) -> String {
    let device = std::fs::metadata(source).map(|file| file.rdev()).ok().filter(|rdev| *rdev != 0);
    device.map_or_else(
        || majmin.to_owned(),
        |rdev| format!("{}:{}", rustix::fs::major(rdev), rustix::fs::minor(rdev)),
    )
}

/// Whether everything below this block device is dm-crypt, as LUKS is, or lies on it whole; so must be the other
/// devices of a Btrfs that it belongs to.
fn is_on_crypt(sys: &Path, number: &str) -> bool {
    let Ok(device) = sys.join("dev/block").join(number).canonicalize() else { return false };
    let together = devices_of_btrfs(&sys.join("fs/btrfs"), &device);
    is_crypt(&device, MAX_DEPTH) && together.iter().all(|device| is_crypt(device, MAX_DEPTH))
}

/// Every device of the Btrfs that this one belongs to: a mount names one of them.
fn devices_of_btrfs(all: &Path, device: &Path) -> Vec<PathBuf> {
    let file_systems = std::fs::read_dir(all).into_iter().flatten().flatten();
    let devices = file_systems.map(|one| linked(&one.path().join("devices")));
    devices.filter(|devices| devices.iter().any(|one| one == device)).flatten().collect()
}

/// What the links of a directory lead to.
fn linked(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.path().canonicalize().ok()).collect()
}

fn is_crypt(device: &Path, depth: usize) -> bool {
    let uuid = std::fs::read_to_string(device.join("dm/uuid")).unwrap_or_default();
    if uuid.starts_with("CRYPT-") && !CHECKS_ALONE.iter().any(|kind| uuid.starts_with(kind)) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    if device.join("partition").exists() {
        return device.parent().is_some_and(|whole| is_crypt(whole, depth));
    }
    let below = linked(&device.join("slaves"));
    !below.is_empty() && below.iter().all(|device| is_crypt(device, depth))
}

/// Whether the file system itself encrypts what lies in this directory, as ext4, F2FS and UBIFS can.
fn is_encrypted_directory(directory: &Path) -> std::io::Result<bool> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, directory, AtFlags::empty(), StatxFlags::TYPE)?;
    Ok(found.stx_attributes.contains(StatxAttributes::ENCRYPTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// Block devices as the kernel shows them: `(number, name, uuid of the device mapper, what lies below)`.
    fn sys(devices: &[(&str, &str, &str, &[&str])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (number, name, uuid, below) in devices {
            let device = root.path().join(name);
            fs::create_dir_all(root.path().join("dev/block")).expect("made");
            fs::create_dir_all(device.join("slaves")).expect("made");
            if !uuid.is_empty() {
                fs::create_dir_all(device.join("dm")).expect("made");
                fs::write(device.join("dm/uuid"), uuid).expect("written");
            }
            if name.contains('/') {
                fs::write(device.join("partition"), "1").expect("written");
            }
            for (at, one) in below.iter().enumerate() {
                let link = device.join("slaves").join(at.to_string());
                symlink(root.path().join(one), link).expect("linked");
            }
            symlink(&device, root.path().join("dev/block").join(number)).expect("linked");
        }
        root
    }

    #[test]
    fn luks_is_seen_below_lvm_and_a_plain_disk_is_not_taken_for_it() {
        let root = sys(&[
            ("8:0", "sda", "", &[]),
            ("8:1", "sda/sda1", "", &[]),
            ("253:0", "dm-0", "CRYPT-LUKS2-0-luks", &["sda/sda1"]),
            ("253:1", "dm-1", "LVM-1", &["dm-0"]),
            ("253:2", "dm-2", "LVM-2", &["sda/sda1"]),
        ]);
        let seen = |number| is_on_crypt(root.path(), number);
        assert!(seen("253:0") && seen("253:1"));
        assert!(!seen("8:0") && !seen("8:1") && !seen("253:2") && !seen("9:9"));
    }

    #[test]
    fn what_lies_on_two_devices_is_encrypted_when_both_are() {
        let root = sys(&[
            ("8:0", "sda", "", &[]),
            ("253:0", "dm-0", "CRYPT-LUKS2-0-luks", &["sda"]),
            ("253:1", "dm-1", "CRYPT-PLAIN-1", &["sda"]),
            ("9:0", "md0", "", &["dm-0", "dm-1"]),
            ("9:1", "md1", "", &["dm-0", "sda"]),
            ("259:0", "md0/md0p1", "", &[]),
        ]);
        assert!(is_on_crypt(root.path(), "9:0") && is_on_crypt(root.path(), "259:0"));
        assert!(!is_on_crypt(root.path(), "9:1"));
    }

    #[test]
    fn what_only_tells_changes_is_not_taken_for_encryption() {
        let root = sys(&[
            ("8:0", "sda", "", &[]),
            ("253:0", "dm-0", "CRYPT-INTEGRITY-x", &["sda"]),
            ("253:1", "dm-1", "CRYPT-LUKS2-0-luks", &["dm-0"]),
            ("253:2", "dm-2", "CRYPT-VERITY-x", &["dm-1"]),
        ]);
        assert!(!is_on_crypt(root.path(), "253:0"));
        assert!(is_on_crypt(root.path(), "253:1") && is_on_crypt(root.path(), "253:2"));
    }

    #[test]
    fn a_btrfs_of_several_devices_is_encrypted_when_all_are() {
        let root = sys(&[
            ("8:0", "sda", "", &[]),
            ("253:0", "dm-0", "CRYPT-LUKS2-0-luks", &["sda"]),
            ("253:1", "dm-1", "CRYPT-LUKS2-1-luks", &["sda"]),
            ("8:16", "sdb", "", &[]),
        ]);
        let btrfs = |uuid: &str, devices: &[&str]| {
            let directory = root.path().join("fs/btrfs").join(uuid).join("devices");
            fs::create_dir_all(&directory).expect("made");
            for name in devices {
                symlink(root.path().join(name), directory.join(name)).expect("linked");
            }
        };
        btrfs("mixed", &["dm-0", "sdb"]);
        btrfs("whole", &["dm-1"]);
        assert!(!is_on_crypt(root.path(), "253:0"));
        assert!(is_on_crypt(root.path(), "253:1"));
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(!matches!(Volume::of(directory.path()), Volume::Unknown(_)));
    }
}
