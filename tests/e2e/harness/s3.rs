//! An S3 service in this process: `s3s` on a folder, with one pair of credentials and keys that nobody may read.

use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation};
use hyper_util::rt::TokioIo;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s::{S3Result, s3_error};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::runtime::Runtime;

const ACCESS_KEY: &str = "AKIATEST";
const SECRET: &str = "a-secret-of-the-tests";
/// Keys with this in their name are denied.
const DENIED: &str = "forbidden";
pub const BUCKET: &str = "pictures";

/// The service, with one bucket.
pub struct S3 {
    address: String,
    root: PathBuf,
    runtime: Runtime,
    client: aws_sdk_s3::Client,
}

struct Policy;

#[async_trait::async_trait]
impl S3Access for Policy {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let denied = cx.s3_path().as_object().is_some_and(|(_, key)| key.contains(DENIED));
        match cx.credentials() {
            Some(_) if denied && cx.method() != "PUT" => Err(s3_error!(AccessDenied)),
            Some(_) => Ok(()),
            None => Err(s3_error!(AccessDenied)),
        }
    }
}

impl S3 {
    /// Starts it on a folder.
    pub fn start(root: &Path) -> Self {
        std::fs::create_dir_all(root.join(BUCKET)).expect("made");
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).expect("a folder"));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET));
        builder.set_access(Policy);
        let service = builder.build();
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service);
                    let _ = served.await;
                });
            }
        });
        let credentials = Credentials::new(ACCESS_KEY, SECRET, None, None, "tests");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new("us-east-1"))
            .endpoint_url(format!("http://{address}"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .credentials_provider(credentials);
        let client = aws_sdk_s3::Client::from_conf(config.build());
        Self { address, root: root.to_owned(), runtime, client }
    }

    /// Puts an object with metadata that names a patient.
    pub fn put(&self, key: &str, data: &[u8]) {
        let put = self.client.put_object().bucket(BUCKET).key(key).body(data.to_vec().into());
        let put = put.metadata("patient", "SMITHSON").send();
        self.runtime.block_on(put).expect("stored");
    }

    /// What an object holds, and its metadata; none if it is not there.
    pub fn get(&self, key: &str) -> Option<(Vec<u8>, HashMap<String, String>)> {
        self.runtime.block_on(async {
            let got = self.client.get_object().bucket(BUCKET).key(key).send().await.ok()?;
            let metadata = got.metadata().cloned().unwrap_or_default();
            Some((got.body.collect().await.ok()?.to_vec(), metadata))
        })
    }

    /// The keys of the bucket, in their order.
    pub fn keys(&self) -> Vec<String> {
        let root = self.root.join(BUCKET);
        let files = super::files_under(&root).into_iter();
        let key = |path: PathBuf| {
            path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned()
        };
        files.map(key).collect()
    }

    /// Gives a command this service and its credentials.
    pub fn environment(&self, command: &mut Command) {
        self.environment_with(command, SECRET);
    }

    /// The same with another secret.
    pub fn environment_with(&self, command: &mut Command, secret: &str) {
        command
            .env("AWS_ENDPOINT_URL_S3", format!("http://{}", self.address))
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    }
}
