//! Places and pace of each peer: one that asks for much takes nothing from the others.
//!
//! A peer is an address before it has told its title, and a title at an address after. Invariant: what
//! is kept of peers is what is connected, and the pace of those that were lately.

use crate::config::Intake;
use crate::pace::Pace;
use crate::spool::UnixMs;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that have not asked for an Association yet, for each place of an Association.
const WAITING_PER_PLACE: usize = 4;
/// Above so many idle paces, those that owe nothing are forgotten.
const MAX_PACES: usize = 4_096;

/// A title at an address.
pub type Peer = (IpAddr, String);

/// What is connected.
pub struct Peers {
    limits: Intake,
    now: Mutex<Connected>,
}

#[derive(Default)]
struct Connected {
    /// Without an Association, by address.
    waiting: HashMap<IpAddr, usize>,
    associated: HashMap<Peer, usize>,
    paces: HashMap<Peer, Pace>,
}

/// A place that is given back when it is dropped.
pub struct Place {
    peers: Arc<Peers>,
    of: Of,
}

enum Of {
    Waiting(IpAddr),
    Associated(Peer),
}

impl Peers {
    pub fn new(limits: &Intake) -> Arc<Self> {
        Arc::new(Self { limits: limits.clone(), now: Mutex::default() })
    }

    fn now(&self) -> MutexGuard<'_, Connected> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection until it has asked for an Association.
    pub fn connect(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut now = self.now();
        let limit = |places: usize| places * WAITING_PER_PLACE;
        let (all, each) =
            (limit(self.limits.max_associations), limit(self.limits.max_associations_per_peer));
        take(&mut now.waiting, address, all, each)?;
        Some(Place { peers: Arc::clone(self), of: Of::Waiting(address) })
    }

    /// A place for an Association.
    pub fn associate(self: &Arc<Self>, peer: &Peer) -> Option<Place> {
        let mut now = self.now();
        let (all, each) = (self.limits.max_associations, self.limits.max_associations_per_peer);
        take(&mut now.associated, peer.clone(), all, each)?;
        Some(Place { peers: Arc::clone(self), of: Of::Associated(peer.clone()) })
    }

    /// Counts an object of a peer; or says how long it has to wait to be counted.
    pub fn count(&self, peer: &Peer, bytes: u64, now_ms: UnixMs) -> Result<(), u64> {
        let limits = (self.limits.max_objects_per_s, self.limits.max_bytes_per_s);
        if limits == (0, 0) {
            return Ok(());
        }
        let paces = &mut self.now().paces;
        if paces.len() >= MAX_PACES {
            paces.retain(|_, pace| pace.wait_ms(now_ms) > 0);
        }
        let pace = paces.entry(peer.clone()).or_insert_with(|| Pace::new(limits.0, limits.1));
        match pace.wait_ms(now_ms) {
            0 => {
                pace.sent(bytes, now_ms);
                Ok(())
            }
            wait_ms => Err(wait_ms),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.peers.now();
        match &self.of {
            Of::Waiting(address) => give_back(&mut now.waiting, address),
            Of::Associated(peer) => give_back(&mut now.associated, peer),
        }
    }
}

fn take<K: std::hash::Hash + Eq>(
    places: &mut HashMap<K, usize>,
    of: K,
    all: usize,
    each: usize,
) -> Option<()> {
    let taken = places.get(&of).copied().unwrap_or(0);
    let is_free = places.values().sum::<usize>() < all && taken < each;
    is_free.then(|| places.insert(of, taken + 1)).map(|_| ())
}

fn give_back<K: std::hash::Hash + Eq>(places: &mut HashMap<K, usize>, of: &K) {
    if let Some(taken) = places.get_mut(of) {
        *taken -= 1;
        if *taken == 0 {
            places.remove(of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(all: usize, each: usize) -> Arc<Peers> {
        Peers::new(&Intake {
            max_associations: all,
            max_associations_per_peer: each,
            ..Intake::default()
        })
    }

    fn peer(last: u8, title: &str) -> Peer {
        (IpAddr::from([10, 0, 0, last]), title.to_owned())
    }

    #[test]
    fn one_peer_takes_its_own_places_and_no_more() {
        let peers = peers(3, 2);
        let of_one: Vec<_> = (0..3).map(|_| peers.associate(&peer(1, "A"))).collect();
        assert_eq!(of_one.iter().flatten().count(), 2);
        let other = peers.associate(&peer(1, "B"));
        assert!(other.is_some(), "another title");
        assert!(peers.associate(&peer(2, "A")).is_none(), "all are taken");
        drop(of_one);
        assert!(peers.associate(&peer(2, "A")).is_some(), "places come back");
        drop(other);
    }

    #[test]
    fn connections_that_say_nothing_are_limited_by_address_and_in_all() {
        let peers = peers(2, 1);
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let of_one: Vec<_> = (0..9).map(|_| peers.connect(address(1))).collect();
        assert_eq!(of_one.iter().flatten().count(), WAITING_PER_PLACE);
        let others: Vec<_> = (2..9).map(|last| peers.connect(address(last))).collect();
        assert_eq!(others.iter().flatten().count(), WAITING_PER_PLACE);
        assert!(peers.associate(&peer(1, "A")).is_some(), "they take no place of an Association");
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let peers = peers(2, 2);
        let connected: Vec<_> = (1..30).map(|last| peers.connect(peer(last, "").0)).collect();
        let associated: Vec<_> = (1..30).map(|last| peers.associate(&peer(last, "A"))).collect();
        drop((connected, associated));
        assert!(peers.now().waiting.is_empty() && peers.now().associated.is_empty());
    }

    #[test]
    fn each_peer_has_a_pace_of_its_own() {
        let limits = Intake { max_objects_per_s: 10, ..Intake::default() };
        let peers = Peers::new(&limits);
        assert_eq!(peers.count(&peer(1, "A"), 1, 0), Ok(()));
        assert_eq!(peers.count(&peer(1, "A"), 1, 40), Err(60));
        assert_eq!(peers.count(&peer(2, "A"), 1, 40), Ok(()));
        assert_eq!(peers.count(&peer(1, "A"), 1, 100), Ok(()));
    }
}
