//! Places and pace of each peer: one that asks for much takes nothing from the others.
//!
//! A peer is an address before it has told its title, and a title at an address after. Who asks for
//! nothing makes way for who comes, the longest first: an honest peer asks at once. Invariant: what is
//! kept of peers is what is connected, and the pace of those that were lately.

use crate::config::Intake;
use crate::pace::Pace;
use crate::spool::UnixMs;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

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
    /// Without an Association, by age: dropping the sender ends the connection.
    waiting: BTreeMap<u64, (IpAddr, oneshot::Sender<()>)>,
    next: u64,
    associated: HashMap<Peer, usize>,
    paces: HashMap<Peer, Pace>,
}

/// The place of a connection until it has asked for an Association; given back when it is dropped.
pub struct Waiting {
    peers: Arc<Peers>,
    number: u64,
    made_way: oneshot::Receiver<()>,
}

/// The place of an Association; given back when it is dropped.
pub struct Place {
    peers: Arc<Peers>,
    peer: Peer,
}

impl Peers {
    pub fn new(limits: &Intake) -> Arc<Self> {
        Arc::new(Self { limits: limits.clone(), now: Mutex::default() })
    }

    fn now(&self) -> MutexGuard<'_, Connected> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection; where there is none, the one that has waited longest makes way, of this
    /// address if that has its share.
    pub fn connect(self: &Arc<Self>, address: IpAddr) -> Waiting {
        let limit = |places: usize| places * WAITING_PER_PLACE;
        let mut now = self.now();
        let of_address = || now.waiting.iter().filter(|(_, (of, _))| *of == address);
        let first = |number: Option<(&u64, _)>| number.map(|(number, _)| *number);
        let makes_way = if of_address().count() >= limit(self.limits.max_associations_per_peer) {
            first(of_address().next())
        } else if now.waiting.len() >= limit(self.limits.max_associations) {
            first(now.waiting.iter().next())
        } else {
            None
        };
        if let Some(number) = makes_way {
            now.waiting.remove(&number);
        }
        let (ending, made_way) = oneshot::channel();
        let number = now.next;
        now.next += 1;
        now.waiting.insert(number, (address, ending));
        Waiting { peers: Arc::clone(self), number, made_way }
    }

    /// A place for an Association.
    pub fn associate(self: &Arc<Self>, peer: &Peer) -> Option<Place> {
        let mut now = self.now();
        let (all, each) = (self.limits.max_associations, self.limits.max_associations_per_peer);
        let taken = now.associated.get(peer).copied().unwrap_or(0);
        if taken >= each || now.associated.values().sum::<usize>() >= all {
            return None;
        }
        now.associated.insert(peer.clone(), taken + 1);
        Some(Place { peers: Arc::clone(self), peer: peer.clone() })
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

impl Waiting {
    /// Returns when the connection has to make way for another one.
    pub async fn made_way(&mut self) {
        let _ = (&mut self.made_way).await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.peers.now().waiting.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.peers.now();
        if let Some(taken) = now.associated.get_mut(&self.peer) {
            *taken -= 1;
            if *taken == 0 {
                now.associated.remove(&self.peer);
            }
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

    #[tokio::test]
    async fn who_asks_for_nothing_makes_way_the_longest_first_and_of_its_own_address() {
        let peers = peers(2, 1);
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let mut other = peers.connect(address(2));
        let mut first = peers.connect(address(1));
        let mut of_one: Vec<_> = (0..4).map(|_| peers.connect(address(1))).collect();
        first.made_way().await;
        let others: Vec<_> = (3..8).map(|last| peers.connect(address(last))).collect();
        other.made_way().await;
        of_one[0].made_way().await;
        assert!(
            of_one[1].made_way.try_recv().is_err_and(|e| e == oneshot::error::TryRecvError::Empty)
        );
        assert_eq!(peers.now().waiting.len(), 2 * WAITING_PER_PLACE);
        assert!(peers.associate(&peer(1, "A")).is_some(), "they take no place of an Association");
        drop((other, first, of_one, others));
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
