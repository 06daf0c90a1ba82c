//! TLS towards a destination.

use super::{TlsError, files, provider};
use crate::config::DestinationTls;
use rustls::ClientConfig;
use rustls::client::Resumption;

/// Reads the files: what is renewed there is in force with the next Association.
pub fn connector(config: &DestinationTls) -> Result<ClientConfig, TlsError> {
    let unfit = |why: String| TlsError::Unfit {
        certificate_file: config.certificate_file.clone().unwrap_or_default(),
        why,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(error.to_string()))?
        .with_root_certificates(files::authorities(&config.ca_file)?);
    let mut client = match (&config.certificate_file, &config.key_file) {
        (Some(certificate), Some(key)) => builder
            .with_client_auth_cert(files::certificates(certificate)?, files::key(key)?)
            .map_err(|error| unfit(error.to_string()))?,
        _ => builder.with_no_client_auth(),
    };
    client.resumption = Resumption::disabled();
    Ok(client)
}
