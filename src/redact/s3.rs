//! S3: listing, fetching and putting objects with the SDK.
//!
//! Invariants: credentials come from the SDK's chain and stay in this process; an object is read up to a
//! limit and in pieces; what the service says beyond its code is not passed on, for it quotes keys.

use super::place::Put;
use crate::config::Config;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OnceCell;

/// Where neither configuration, environment nor profile name one.
const DEFAULT_REGION: &str = "us-east-1";
/// Keys of one prefix, at most.
const MOST_KEYS: usize = 1_000_000;
/// An endpoint of the environment is one of another maker, which knows buckets by path.
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// The service; nobody is asked before it is used.
pub(super) struct S3 {
    client: OnceCell<Client>,
    region: String,
    profile: String,
    connect: Duration,
    read: Duration,
    max_bytes: u64,
}

impl S3 {
    pub fn new(config: &Config) -> Self {
        Self {
            client: OnceCell::new(),
            region: config.aws.region.clone(),
            profile: config.aws.profile.clone(),
            connect: Duration::from_millis(config.aws.connect_timeout_ms),
            read: Duration::from_millis(config.aws.attempt_timeout_ms),
            max_bytes: config.intake.max_object_bytes,
        }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| self.connect()).await
    }

    async fn connect(&self) -> Client {
        let provider = tls::Provider::Rustls(CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(provider).build_https();
        let timeouts =
            TimeoutConfig::builder().connect_timeout(self.connect).read_timeout(self.read).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts);
        if !self.region.is_empty() {
            loader = loader.region(Region::new(self.region.clone()));
        }
        if !self.profile.is_empty() {
            loader = loader.profile_name(self.profile.clone());
        }
        let shared = loader.load().await;
        let region = shared.region().cloned().unwrap_or(Region::new(DEFAULT_REGION));
        let by_path = ENDPOINTS.iter().any(|name| std::env::var_os(name).is_some());
        let config = aws_sdk_s3::config::Builder::from(&shared)
            .region(region)
            .force_path_style(by_path)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Client::from_conf(config.build())
    }

    /// Whether there is an object of this key.
    pub async fn has(&self, bucket: &str, key: &str) -> Result<bool, String> {
        let asked = self.client().await.head_object().bucket(bucket).key(key).send().await;
        match asked {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(said(&error)),
        }
    }

    /// The keys that begin so, in their order; those of folders, which end in a slash, are no objects.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, String> {
        let asked = self.client().await.list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = asked.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| said(&error))?;
            let found = page.contents().iter().filter_map(|object| object.key());
            keys.extend(found.filter(|key| !key.ends_with('/')).map(str::to_owned));
            if keys.len() > MOST_KEYS {
                return Err(format!("more than {MOST_KEYS} keys: name a longer prefix"));
            }
        }
        Ok(keys)
    }

    /// Reads an object into a file.
    pub async fn get(&self, bucket: &str, key: &str, to: &Path) -> Result<(), String> {
        let asked = self.client().await.get_object().bucket(bucket).key(key).send().await;
        let body = asked.map_err(|error| said(&error))?.body.into_async_read();
        let broken = |error: std::io::Error| format!("cannot be fetched: {:?}", error.kind());
        let mut file = tokio::fs::File::create(to).await.map_err(broken)?;
        let mut body = body.take(self.max_bytes + 1);
        let bytes = tokio::io::copy(&mut body, &mut file).await.map_err(broken)?;
        file.flush().await.map_err(broken)?;
        match bytes > self.max_bytes {
            true => Err(format!("larger than [intake] max_object_bytes, {}", self.max_bytes)),
            false => Ok(()),
        }
    }

    /// Puts a file; over another object only where that was asked for.
    pub async fn put(
        &self,
        from: &Path,
        bucket: &str,
        key: &str,
        replace: bool,
        content_type: &str,
    ) -> Result<Put, String> {
        let body = ByteStream::from_path(from).await;
        let body = body.map_err(|_| "the result cannot be read".to_owned())?;
        let mut request = self.client().await.put_object().bucket(bucket).key(key);
        if !replace {
            request = request.if_none_match("*");
        }
        match request.content_type(content_type).body(body).send().await {
            Ok(_) => Ok(Put::Written),
            Err(error) if status(&error) == Some(412) => Ok(Put::Taken),
            Err(error) => Err(format!("the result cannot be stored: {}", said(&error))),
        }
    }
}

fn status<E>(error: &SdkError<E, Response>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// What went wrong and what to do, without what the service says.
fn said<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> String {
    let (code, status) = (error.code().unwrap_or("no code"), status(error));
    match (error, code, status) {
        (_, "NoSuchBucket", _) => "there is no such bucket".into(),
        (_, "NoSuchKey" | "NotFound", _) => "there is no such object".into(),
        (_, "SignatureDoesNotMatch" | "InvalidAccessKeyId" | "ExpiredToken", _) => {
            format!("the credentials are refused ({code})")
        }
        (_, _, Some(401 | 403)) => format!("access is denied ({code}): look at the policy"),
        (SdkError::DispatchFailure(_) | SdkError::TimeoutError(_), ..) => {
            "S3 cannot be reached, or there are no credentials".into()
        }
        (_, _, Some(status)) => format!("S3 answers {status} ({code})"),
        _ => "S3 cannot be asked: look at credentials, region and endpoint".into(),
    }
}
