//! `KeyRing`: every key that a site has, so that a Job keeps the key under which it was routed.

use super::keys::{ProjectKey, SiteKey};
use crate::config::Linkage;

/// A random key of one project and epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    pub project: String,
    pub epoch: u32,
    pub key: ProjectKey,
}

/// The keys of a site, and which are in force.
#[derive(Debug, Clone)]
pub struct KeyRing {
    /// Epoch 1 first.
    site_keys: Vec<SiteKey>,
    own_keys: Vec<OwnKey>,
    linkage: Linkage,
    epoch: u32,
}

/// One key that a project has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectEpoch {
    pub epoch: u32,
    pub linkage: Linkage,
    pub key: ProjectKey,
}

impl KeyRing {
    /// `linkage` and `epoch` say which keys are in force.
    pub fn new(
        site_keys: Vec<SiteKey>,
        own_keys: Vec<OwnKey>,
        linkage: Linkage,
        epoch: u32,
    ) -> Self {
        Self { site_keys, own_keys, linkage, epoch }
    }

    /// The epoch in force.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The key of a project that new Jobs get; `None` if the epoch has none.
    pub fn in_force(&self, project: &str) -> Option<ProjectKey> {
        let is_in_force =
            |found: &ProjectEpoch| found.epoch == self.epoch && found.linkage == self.linkage;
        self.of_project(project).into_iter().find(is_in_force).map(|found| found.key)
    }

    /// The key of a project that has this id, of whatever epoch.
    pub fn find(&self, project: &str, key_id: &str) -> Option<ProjectKey> {
        let keys = self.of_project(project).into_iter().map(|found| found.key);
        keys.into_iter().find(|key| key.key_id() == key_id)
    }

    /// Every key of a project: those from the site key first, by epoch.
    pub fn of_project(&self, project: &str) -> Vec<ProjectEpoch> {
        let derived = self.site_keys.iter().zip(1..).map(|(site, epoch)| ProjectEpoch {
            epoch,
            linkage: Linkage::SiteKey,
            key: ProjectKey::derive(site, project),
        });
        let own = self.own_keys.iter().filter(|own| own.project == project);
        let mut own: Vec<_> = own
            .map(|own| ProjectEpoch {
                epoch: own.epoch,
                linkage: Linkage::Unlinkable,
                key: own.key.clone(),
            })
            .collect();
        own.sort_by_key(|found| found.epoch);
        derived.chain(own).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(project: &str, epoch: u32, byte: u8) -> OwnKey {
        OwnKey { project: project.into(), epoch, key: ProjectKey::new([byte; 32]) }
    }

    fn ring(linkage: Linkage, epoch: u32) -> KeyRing {
        let site = [1, 2].map(|byte| SiteKey::new([byte; 32])).to_vec();
        let own = vec![own("a", 2, 9), own("b", 1, 8), own("a", 1, 7)];
        KeyRing::new(site, own, linkage, epoch)
    }

    #[test]
    fn a_key_is_found_by_its_id_whatever_is_in_force() {
        let before = ring(Linkage::SiteKey, 1).in_force("a").expect("a key");
        let after = ring(Linkage::SiteKey, 2);
        assert_ne!(after.in_force("a").expect("a key"), before);
        assert_eq!(after.find("a", &before.key_id()), Some(before.clone()));
        assert_eq!(ring(Linkage::Unlinkable, 1).find("a", &before.key_id()), Some(before.clone()));
        assert_eq!(after.find("b", &before.key_id()), None, "a key of another project");
    }

    #[test]
    fn an_epoch_without_a_key_has_none_in_force() {
        assert_eq!(ring(Linkage::SiteKey, 3).in_force("a"), None);
        let own = |project, epoch| ring(Linkage::Unlinkable, epoch).in_force(project);
        assert_eq!(own("a", 1), Some(ProjectKey::new([7; 32])));
        assert_eq!(own("b", 1), Some(ProjectKey::new([8; 32])));
        assert_eq!(own("b", 2), None);
        let epochs: Vec<_> = ring(Linkage::SiteKey, 1)
            .of_project("a")
            .iter()
            .map(|found| (found.linkage, found.epoch))
            .collect();
        let (site, own) = (Linkage::SiteKey, Linkage::Unlinkable);
        assert_eq!(epochs, [(site, 1), (site, 2), (own, 1), (own, 2)]);
    }
}
