//! Runs the real binary on every object under one profile.

use crate::corpus::{Corpus, Object};
use crate::dicom3tools::{Inspected, write_views};
use crate::public_files::{Outcome, deidentify};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An object and what it became.
pub struct Pair<'a> {
    pub object: &'a Object,
    pub result: PathBuf,
    pub before: Inspected,
    pub after: Inspected,
}

/// The delivered objects, and what was not as expected.
pub fn run<'a>(profile: &Path, corpus: &'a Corpus, folder: &Path) -> (Vec<Pair<'a>>, Vec<String>) {
    std::fs::create_dir_all(folder).expect("a folder");
    let (key, quick) = (folder.join("site.key"), quick(profile, corpus, folder));
    let settings = [
        ("DEID_GATEWAY__KEYS__SITE_KEY_FILE", key.as_os_str()),
        ("DEID_GATEWAY__DEID__PROFILE", quick.as_os_str()),
    ];
    // Made once, so that the runs do not race for it.
    deidentify(&corpus.objects[0].path, &folder.join("first"), &settings);
    let outcomes = two_at_a_time(&corpus.objects, |index, object| {
        deidentify(&object.path, &folder.join(index.to_string()), &settings)
    });
    let (mut delivered, mut faults) = (Vec::new(), Vec::new());
    for (object, outcome) in corpus.objects.iter().zip(outcomes) {
        if !object.may_become(&outcome) {
            faults.push(format!("{}: {outcome}", object.name));
        }
        if let Outcome::Delivered(result) = outcome {
            delivered.push((object, result));
        }
    }
    (inspect(delivered, folder), faults)
}

/// Has dicom3tools look at both sides; where it cannot read one, at views of both.
fn inspect<'a>(delivered: Vec<(&'a Object, PathBuf)>, folder: &Path) -> Vec<Pair<'a>> {
    let both = |before: &Path, after: &Path| (Inspected::of(before), Inspected::of(after));
    let inspected = two_at_a_time(&delivered, |_, (object, result)| both(&object.path, result));
    let mut pairs: Vec<_> = delivered
        .into_iter()
        .zip(inspected)
        .map(|((object, result), (before, after))| Pair { object, result, before, after })
        .collect();
    let mut unread: Vec<_> =
        pairs.iter_mut().filter(|pair| pair.before.stopped() || pair.after.stopped()).collect();
    let views = folder.join("views");
    std::fs::create_dir_all(&views).expect("a folder");
    let view = |number: usize, side: &str| views.join(format!("{number}-{side}.dcm"));
    let copies = unread.iter().enumerate().flat_map(|(number, pair)| {
        let before = (pair.object.path.clone(), view(number, "before"));
        [before, (pair.result.clone(), view(number, "after"))]
    });
    write_views(&copies.collect::<Vec<_>>());
    for (number, pair) in unread.iter_mut().enumerate() {
        (pair.before, pair.after) = both(&view(number, "before"), &view(number, "after"));
        let name = &pair.object.name;
        assert!(!pair.before.stopped() && !pair.after.stopped(), "dicom3tools cannot read {name}");
    }
    pairs
}

/// The profile, under which pixels of no class are looked at and nothing is held for what it shows.
fn quick(profile: &Path, corpus: &Corpus, folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(profile).expect("a shipped profile");
    let mut table: toml::Table = toml::from_str(&text).expect("a valid profile");
    let classes = corpus.objects.iter().map(|object| object.sop_class.clone());
    let skipped: toml::Table = classes
        .filter(|class| !class.is_empty())
        .map(|class| (class, toml::Value::String("skip".to_owned())))
        .collect();
    table.insert("pixels".to_owned(), skipped.into());
    table.insert("documents".to_owned(), "drop".into());
    let faces = table.get_mut("faces").and_then(toml::Value::as_table_mut).expect("[faces]");
    faces.insert("photographs".to_owned(), "allow".into());
    let file = folder.join("profile.toml");
    std::fs::write(&file, toml::to_string(&table).expect("serialises")).expect("written");
    file
}

/// `work` on each item, in two threads; the answers in the order of the items.
pub fn two_at_a_time<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let answer = work(index, item);
                    done.lock().expect("not poisoned").insert(index, answer);
                }
            });
        }
    });
    done.into_inner().expect("not poisoned").into_values().collect()
}
