//! What there is to do: the files of folders, the objects of prefixes.

use super::names::PREFIX;
use super::place::Store;
use super::{Naming, Order, Place, RedactError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a run that was ended may have left begins so.
const UNFINISHED: &str = ".deid-";

/// One file or object.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub place: Place,
    /// Its folders below the input that was named, then its own name.
    pub parts: Vec<String>,
}

/// What an argument led to.
#[derive(Debug)]
pub(super) enum Listed {
    Input(Input),
    Failed { place: Place, why: String },
}

/// Every input, arguments in their order. One that cannot be listed fails by itself; when there is nothing
/// else, it is the error.
pub(super) async fn list(order: &Order, store: &Store) -> Result<Vec<Listed>, RedactError> {
    let mut listed = Vec::new();
    let mut faults = Vec::new();
    for place in &order.inputs {
        let found = match place {
            Place::File(path) => files(path, order),
            Place::Object { bucket, key } => objects(bucket, key, order, store).await,
        };
        match found {
            Ok(found) => listed.extend(found.into_iter().map(Listed::Input)),
            Err(error) => {
                let why = match &error {
                    RedactError::Store(_, why) => why.clone(),
                    RedactError::Path { what, source, .. } => format!("{what}: {source}"),
                    _ => "nothing to do: no file here".into(),
                };
                listed.push(Listed::Failed { place: place.clone(), why });
                faults.push(error);
            }
        }
    }
    match faults.len() == listed.len() && faults.len() == 1 {
        true => Err(faults.remove(0)),
        false => Ok(listed),
    }
}

/// Every file of a folder, walked in order and links followed; what lies in the output is left out, and
/// where results lie among inputs, what has their names. What cannot be read is listed too: it will be held.
fn files(input: &Path, order: &Order) -> Result<Vec<Input>, RedactError> {
    let root = input.canonicalize().unwrap_or_else(|_| input.to_owned());
    let ours = ours(order, &root);
    let among = order.naming == Naming::DeId;
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(input).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            // the folder that the link leads back to is listed already
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) if error.depth() > 0 => {
                files.extend(error.path().map(|path| input_of(path.to_owned(), input)));
                continue;
            }
            Err(error) => {
                // its message would name a path inside
                let kind = error.io_error().map_or(ErrorKind::Other, std::io::Error::kind);
                return Err(RedactError::path(input, "cannot be read")(kind.into()));
            }
        };
        let name = entry.file_name().to_string_lossy();
        let is_ours = name.starts_with(PREFIX) || name.starts_with(UNFINISHED);
        let is_result = among && entry.depth() > 0 && is_ours;
        let inside = !ours.is_empty()
            && entry
                .path()
                .canonicalize()
                .is_ok_and(|path| ours.iter().any(|ours| path.starts_with(ours)));
        if entry.file_type().is_file() && !inside && !is_result {
            files.push(input_of(entry.into_path(), input));
        }
    }
    match files.is_empty() {
        true => Err(RedactError::Empty(Place::File(input.to_owned()))),
        false => Ok(files),
    }
}

/// The folders of results. One that holds the inputs as well does not make them results.
fn ours(order: &Order, root: &Path) -> Vec<PathBuf> {
    let out = match &order.out {
        Some(Place::File(path)) => path.canonicalize().ok(),
        _ => None,
    };
    let out = out.filter(|out| order.naming == Naming::Uid || !root.starts_with(out));
    let reports = order.reports.as_ref().and_then(|path| path.canonicalize().ok());
    out.into_iter().chain(reports).collect()
}

fn input_of(path: PathBuf, root: &Path) -> Input {
    let inside = path.strip_prefix(root).ok().filter(|inside| !inside.as_os_str().is_empty());
    let named = match inside {
        Some(inside) => inside.to_owned(),
        None => path.file_name().map(PathBuf::from).unwrap_or_default(),
    };
    let parts = named.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    Input { place: Place::File(path), parts }
}

/// An object of this very key, or else all whose keys begin so.
async fn objects(
    bucket: &str,
    key: &str,
    order: &Order,
    store: &Store,
) -> Result<Vec<Input>, RedactError> {
    let place = || Place::Object { bucket: bucket.into(), key: key.into() };
    let input = |key: String, parts: &str| {
        let parts = parts.split('/').map(str::to_owned).collect();
        Input { place: Place::Object { bucket: bucket.into(), key }, parts }
    };
    let name = key.rsplit('/').next().unwrap_or_default();
    if !name.is_empty() && store.s3.has(bucket, key).await == Ok(true) {
        return Ok(vec![input(key.to_owned(), name)]);
    }
    let keys = store.s3.list(bucket, key).await;
    let keys = keys.map_err(|why| RedactError::Store(place(), why))?;
    let folder = key.rfind('/').map_or(0, |at| at + 1);
    let is_result = |key: &str| {
        let name = key.rsplit('/').next().unwrap_or_default();
        order.naming == Naming::DeId && name.starts_with(PREFIX)
    };
    let keys = keys.into_iter().filter(|key| !is_result(key));
    let inputs: Vec<_> = keys
        .map(|key| {
            let parts = key[folder..].to_owned();
            input(key, &parts)
        })
        .collect();
    match inputs.is_empty() {
        true => {
            Err(RedactError::Store(place(), "there is no such object, nor any below it".into()))
        }
        false => Ok(inputs),
    }
}
