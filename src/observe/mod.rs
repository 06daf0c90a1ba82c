//! Health, metrics and a status page over HTTP.
//!
//! Invariants: nothing here changes anything; what is shown are names of the configuration, counts,
//! times, codes and words of ours, never a value of an object or a name of a peer; beyond loopback,
//! metrics and the page ask for a token.

mod metrics;
mod page;
mod snapshot;
mod token;

pub use self::token::token;

use self::snapshot::Snapshot;
use crate::config::Config;
use crate::durations::StepDurations;
use crate::intake::Tally;
use crate::recognise::aws::Aws;
use crate::spool::LocalSpool;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What is looked at.
#[derive(Clone)]
pub struct Watched {
    pub spool: Arc<LocalSpool>,
    pub tally: Arc<Tally>,
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    pub stopping: watch::Receiver<bool>,
    /// The services that are asked, if any are.
    pub aws: Option<Arc<Aws>>,
    pub durations: StepDurations,
    /// SHA-256 of the token, where one is asked for.
    pub token: Option<[u8; 32]>,
}

/// Answers until the gateway stops.
pub async fn run(listener: TcpListener, watched: Watched) {
    let mut stopping = watched.stopping.clone();
    let stopped = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .route("/", get(status_page))
        .with_state(watched);
    tokio::select! {
        served = axum::serve(listener, router) => {
            if served.is_err() {
                tracing::error!("health and metrics are not served any more");
            }
        }
        () = stopped => {}
    }
}

/// It runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// It takes objects; if not, why.
async fn readyz(State(watched): State<Watched>) -> Response {
    match snapshot::not_ready(&watched) {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics_text(State(watched): State<Watched>, headers: HeaderMap) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answer(&watched, &headers, |snapshot| {
        ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics::text(snapshot)).into_response()
    })
    .await
}

async fn status_page(State(watched): State<Watched>, headers: HeaderMap) -> Response {
    // Nothing is fetched and no script runs, whatever a name in the configuration holds.
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    answer(&watched, &headers, |snapshot| {
        let headers =
            [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
        (headers, Html(page::html(snapshot))).into_response()
    })
    .await
}

async fn answer(
    watched: &Watched,
    headers: &HeaderMap,
    show: impl FnOnce(&Snapshot) -> Response,
) -> Response {
    if !token::is_allowed(watched, headers) {
        return token::ask();
    }
    match Snapshot::take(watched).await {
        Ok(snapshot) => show(&snapshot),
        Err(error) => {
            tracing::warn!(%error, "the spool could not be counted");
            let told = "the spool could not be counted; see the log\n";
            (StatusCode::SERVICE_UNAVAILABLE, told).into_response()
        }
    }
}
