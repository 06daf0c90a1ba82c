//! Senders that never rest, two destinations, and `kill -9` again and again, of the gateway and of its
//! children: at each destination is exactly what was acknowledged.
//!
//! `DEID_SOAK_KILLS` says how often (`tests/soak` runs it at length), `DEID_SOAK_SEED` when and what.

use crate::harness::{
    Gateway, Sample, Site, Storescp, assert_absent, digests_by_uid, free_port, pynetdicom, renamed,
    sample, try_storescu,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SENDERS: usize = 3;
/// Objects of one Association.
const BATCH: usize = 4;

/// A generator of numbers that one seed always gives again.
struct Chance(u64);

impl Chance {
    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX constants; the upper bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// Sends batch after batch until told to stop; every object until it is acknowledged.
fn send(port: u16, sender: usize, samples: &[Sample], folder: &Path, stop: &AtomicBool) -> usize {
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut files: Vec<PathBuf> = Vec::new();
        for place in 0..BATCH {
            // no two senders and no two batches have one UID
            let number = 1 + sender + SENDERS * (sent + place);
            let file = folder.join(format!("{sender}-{place}.dcm"));
            renamed(&samples[number % samples.len()], number, &file);
            files.push(file);
        }
        let began = Instant::now();
        while !files.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(120), "sender {sender} got no answer");
            if sender == 0 {
                if try_storescu(port, &files) {
                    files.clear();
                }
            } else {
                let answers = pynetdicom(port, &["--timeout", "5"], &files);
                let mut answers = answers.iter();
                files.retain(|_| answers.next().is_none_or(|answer| answer != "0x0000"));
            }
        }
        sent += BATCH;
    }
    sent
}

/// The work and verify children of a gateway.
fn children_of(gateway: &Gateway) -> Vec<rustix::process::Pid> {
    // whichever of its threads started them
    let threads = std::fs::read_dir(format!("/proc/{}/task", gateway.id())).into_iter().flatten();
    let lists = threads.flatten().map(|thread| thread.path().join("children"));
    let list: String = lists.filter_map(|list| std::fs::read_to_string(list).ok()).collect();
    let pids = list.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(rustix::process::Pid::from_raw).collect()
}

/// Kills until it was done so often; the gateway that runs at the end, and how many were children.
fn kill_again_and_again(site: &Site, kills: u64, chance: &mut Chance) -> (Gateway, u64) {
    let (mut gateway, mut of_children) = (site.start(), 0);
    for _ in 0..kills {
        // not waiting for anything: a kill comes when it comes
        std::thread::sleep(Duration::from_millis(200 + chance.below(1_500)));
        let children = children_of(&gateway);
        if chance.below(3) == 0 && !children.is_empty() {
            let child = children[chance.below(children.len() as u64) as usize];
            // it may have ended by itself meanwhile
            let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
            of_children += 1;
        } else {
            gateway.kill();
            gateway = site.start();
        }
    }
    (gateway, of_children)
}

#[test]
fn under_load_and_kills_each_destination_has_exactly_what_was_acknowledged() {
    let (kills, seed) = (setting("DEID_SOAK_KILLS", 8), setting("DEID_SOAK_SEED", 8));
    let mut site = Site::new();
    let port = free_port();
    site.set("intake.listen", format!("127.0.0.1:{port}"));
    let research = ["one", "two"].map(|name| Storescp::start(&site.path(name)));
    let sections = [0, 1].map(|i| {
        format!(
            "name = \"research{i}\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
             called_ae_title = \"RESEARCH\"\nretry_min_ms = 50\nretry_max_ms = 200",
            research[i].port
        )
    });
    site.destinations(&[&sections[0], &sections[1]]);
    let samples = sample(&site.path("sent"), &["--ct", "3"]);
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (gateway, of_children) = std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (samples, folder, stop, all) = (&samples, site.path("sent"), &stop, &acknowledged);
            scope.spawn(move || {
                all.fetch_add(send(port, sender, samples, &folder, stop), Ordering::Relaxed)
            });
        }
        let ran = kill_again_and_again(&site, kills, &mut Chance(seed));
        stop.store(true, Ordering::Relaxed);
        ran
    });
    let acknowledged = acknowledged.into_inner();
    let settled = |site: &Site| {
        let jobs = site.jobs();
        jobs.keys().all(|state| state == "ended" || state == "held")
            && jobs.values().sum::<usize>() == acknowledged
    };
    site.wait_jobs(settled);
    // A child that was killed twice over one object looks like that object's doing: a person decides.
    let held = site.held();
    assert!(held.keys().all(|reason| reason == "sandbox-crashed"), "{held:?}");
    if !held.is_empty() {
        site.run(&["held", "reprocess", "--all"]).ok();
        site.wait_ended(acknowledged);
    }
    gateway.stop();
    let found =
        research.each_ref().map(|research| (research, digests_by_uid(research.directory())));
    for (research, digests) in &found {
        assert_eq!(digests.len(), acknowledged, "what is there and what was acknowledged");
        assert!(digests.values().all(|copies| copies.len() == 1), "a repeat with other bytes");
        let received = research.received();
        for result in &received {
            let bytes = std::fs::read(result).expect("readable");
            samples.iter().for_each(|s| assert_absent(&s.identifiers, &bytes, "a result"));
        }
        println!(
            "soak: {kills} kills, {of_children} of them of children; {acknowledged} acknowledged, \
             {} received, {} of them repeats; held and reprocessed: {held:?}",
            received.len(),
            received.len() - digests.len()
        );
    }
    assert_eq!(found[0].1, found[1].1, "both destinations have the same");
    assert!(site.originals().is_empty(), "nothing is left behind");
}
