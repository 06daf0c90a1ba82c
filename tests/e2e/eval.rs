//! `eval DIR` on a generated set: what it says is what is there, also where the truth is another.

use crate::harness::{Ran, Site, files_under, python, run};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A set with some text and one picture without.
fn set(site: &Site) -> PathBuf {
    let set = site.path("set");
    let options = ["--seed", "5", "--images", "3", "--blank", "1"];
    run(python("generate_text_set.py").arg(&set).args(options));
    set
}

fn eval(site: &Site, set: &Path, options: &[&str]) -> Ran {
    Ran::of(site.command().arg("eval").arg(set).args(options))
}

fn truth(set: &Path) -> Value {
    let text = std::fs::read(set.join("truth.json")).expect("a truth");
    serde_json::from_slice(&text).expect("JSON")
}

fn texts(truth: &Value) -> Vec<String> {
    let images = truth["images"].as_array().expect("a list").iter();
    let lines = images.flat_map(|image| image["lines"].as_array().expect("a list"));
    lines.map(|line| line["text"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn lines_are_scored_and_misses_shown_without_a_text() {
    let site = Site::new();
    let set = set(&site);
    let mut truth = truth(&set);
    let texts = texts(&truth);
    // A line that is not there is a miss, and a picture that is broken is held.
    let images = truth["images"].as_array_mut().expect("a list");
    let blank =
        images.iter_mut().find(|i| i["lines"] == json!([])).expect("a picture without text");
    blank["lines"] = json!([{
        "text": "NOWHERE", "height": 11, "contrast": 99, "box": [8, 8, 40, 19], "ink": [[10, 8, 30]]
    }]);
    std::fs::write(set.join("truth.json"), truth.to_string()).expect("written");
    let page = site.path("misses.html");
    let (html, list) = (page.to_str().expect("text"), site.path("misses.txt"));
    let list = list.to_str().expect("text");
    let said = eval(&site, &set, &["--json", "--html", html, "--misses", list]).ok();
    let score: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&score["images"], &score["held"]), (&json!(4), &json!(0)), "{score}");
    assert_eq!(score["recall"]["all"]["lines"], texts.len() + 1);
    let found = score["recall"]["all"]["found"].as_u64().expect("a number");
    assert!(found >= 1 && found <= texts.len() as u64, "{score}");
    assert_eq!(score["recall"]["height  11"], json!({"lines": 1, "found": 0}), "{score}");
    let (html, list) = (std::fs::read_to_string(html), std::fs::read_to_string(list));
    let (html, list) = (html.expect("a page"), list.expect("a list"));
    assert!(html.contains("data:image/png;base64,") && list.contains("frame 0: not found, 11 px"));
    for text in &texts {
        assert!(![&said, &html, &list].iter().any(|out| out.contains(text.as_str())), "a text");
    }
}

/// The library of ONNX Runtime, as its Python package brings it.
fn onnx_runtime() -> PathBuf {
    let python = python("read_values.py");
    let venv = Path::new(python.get_program()).ancestors().nth(2).expect("a Python environment");
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libonnxruntime.so")
    };
    files_under(&venv.join("lib")).into_iter().find(is_library).expect("tests/install brings it")
}

#[test]
fn onnx_runtime_finds_what_rten_finds_and_is_used_where_its_library_is() {
    let site = Site::new();
    let set = set(&site);
    let library = onnx_runtime();
    let with = |library: &Path, arguments: &[&str]| {
        let mut command = site.command();
        command.env("DEID_GATEWAY__DETECTION__ONNX_RUNTIME", library).args(arguments);
        Ran::of(&mut command)
    };
    let models = |library: &Path| {
        let said = with(library, &["check"]).stdout;
        said.lines().find(|line| line.contains("models load")).map(str::to_owned)
    };
    assert!(models(&library).is_some_and(|line| line.ends_with("of ONNX Runtime")));
    for other in [Path::new(""), &set, &site.path("libnone.so"), Path::new("libz.so.1")] {
        assert!(models(other).is_some_and(|line| line.ends_with("of rten")), "{}", other.display());
    }
    let folder = set.to_str().expect("text");
    let score = |library: &Path| {
        let said = with(library, &["eval", folder, "--json"]).ok();
        let mut score: Value = serde_json::from_str(&said).expect("JSON");
        score.as_object_mut().expect("an object").remove("ms");
        score
    };
    assert_eq!(score(&library), score(Path::new("")));
}

#[test]
fn a_truth_that_cannot_be_is_refused() {
    let site = Site::new();
    let set = set(&site);
    let mut other = truth(&set);
    other["images"][0]["lines"] = json!([{
        "text": "OUTSIDE", "height": 9, "contrast": 99, "box": [0, 0, 9, 9], "ink": [[99999, 0, 3]]
    }]);
    std::fs::write(set.join("truth.json"), other.to_string()).expect("written");
    eval(&site, &set, &[]).fails(2, &["truth.json", "a line is not inside of the picture"]);
    eval(&site, &site.path("nothing"), &[]).fails(1, &["truth.json", "what is true"]);
}
