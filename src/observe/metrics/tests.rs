//! What conf/alerts.yml and conf/grafana.json ask for is made, and both draw the line at the same values.

use serde_json::Value;
use std::collections::BTreeSet;

const ALERTS: &str = include_str!("../../../conf/alerts.yml");
const DASHBOARD: &str = include_str!("../../../conf/grafana.json");
const HERE: &str = include_str!("../metrics.rs");
const DURATIONS: &str = include_str!("../../durations.rs");
const PREFIX: &str = "deid_gateway_";

/// What follows each place where `mark` stands.
fn after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(mark).map(move |(at, _)| &text[at + mark.len()..])
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The names of all series, as Prometheus has them: their suffixes come of their kinds.
fn made() -> BTreeSet<String> {
    let named = |kind: &'static str| {
        after(HERE, kind).filter_map(|rest| {
            let rest = rest.strip_prefix("&mut ").unwrap_or(rest);
            rest.strip_prefix("registry, \"").map(leading_name)
        })
    };
    let counters = named("counter(").map(|name| format!("{name}_total"));
    let histograms = after(DURATIONS, "registry.register(\"").map(leading_name);
    let series = histograms
        .flat_map(|name| ["bucket", "sum", "count"].map(|suffix| format!("{name}_{suffix}")));
    named("gauge(").chain(counters).chain(series).collect()
}

/// Panels that show something: rows are only headings.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = dashboard["panels"].as_array().expect("panels");
    all.iter().filter(|panel| panel["type"] != "row").collect()
}

fn expressions(panel: &Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().expect("targets");
    targets.iter().map(|target| target["expr"].as_str().expect("an expression")).collect()
}

fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).expect("JSON")
}

#[test]
fn every_metric_that_an_alert_or_the_dashboard_names_is_made() {
    let made = made();
    for (what, text) in [("alerts.yml", ALERTS), ("grafana.json", DASHBOARD)] {
        let named: BTreeSet<_> = after(text, PREFIX).map(leading_name).collect();
        assert!(named.len() > 10, "{what} names {named:?}");
        let unknown: Vec<_> = named.difference(&made).collect();
        assert!(unknown.is_empty(), "{what} names {unknown:?}");
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let shown: BTreeSet<_> = after(DASHBOARD, PREFIX).map(leading_name).collect();
    let left_out: Vec<_> = made().into_iter().filter(|name| !shown.contains(name)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[test]
fn every_panel_of_the_dashboard_has_targets_a_unit_and_words() {
    let dashboard = dashboard();
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64()) && titles.insert(title), "{title} is there twice");
        assert!(panel["description"].as_str().is_some_and(|text| text.len() > 10), "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        assert!(expressions(panel).iter().any(|expr| expr.contains(PREFIX)), "{title}");
    }
    assert!(titles.len() > 30, "{titles:?}");
}

#[test]
fn panels_of_the_dashboard_do_not_overlap() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        let side = |name: &str| panel["gridPos"][name].as_u64().expect("a number");
        assert!(side("x") + side("w") <= 24, "{} leaves the grid", panel["title"]);
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(taken.insert((x, y)), "{} overlaps another at {x}, {y}", panel["title"]);
            }
        }
    }
}

/// The sides of `or` and what each compares: a metric and a number.
fn limits() -> Vec<(String, f64)> {
    let expressions = after(ALERTS, "expr: ").filter_map(|rest| rest.lines().next());
    let compared = expressions.flat_map(|line| line.split(" or ")).filter_map(|side| {
        let (left, number) = side.rsplit_once(' ')?;
        let name = leading_name(after(left, PREFIX).next()?);
        Some((name, number.parse().ok()?))
    });
    compared.collect()
}

#[test]
fn the_limits_of_alerts_are_lines_of_the_dashboard() {
    let dashboard = dashboard();
    let has_line = |panel: &Value, at: f64| {
        let steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"].as_array();
        steps.is_some_and(|steps| steps.iter().any(|step| step["value"].as_f64() == Some(at)))
    };
    let limits = limits();
    assert!(limits.len() > 10, "{limits:?}");
    for (name, number) in limits {
        // Whole numbers above none begin with one, and a flag is 0 or 1.
        let at = number.max(1.0);
        let shows = |panel: &&&Value| {
            let names = |expr: &&str| after(expr, PREFIX).any(|rest| leading_name(rest) == name);
            expressions(panel).iter().any(names)
        };
        let panels = panels(&dashboard);
        let found = panels.iter().filter(shows).any(|panel| has_line(panel, at));
        assert!(found, "no panel of {name} has a line at {at}");
    }
}
