//! Whether what is to be listened on is free.

use super::{Finding, finding};
use crate::config::Config;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// A finding of the ports for DICOM, and one of that for HTTP.
pub(super) async fn all(config: &Config) -> Vec<Finding> {
    let mut free = Ok(Vec::new());
    for address in config.intake.addresses() {
        match (&mut free, try_to_listen(address).await) {
            (Ok(free), Ok(())) => free.push(address.to_string()),
            (Ok(_), Err(error)) => free = Err(error),
            (Err(_), _) => {}
        }
    }
    let title = &config.intake.ae_title;
    let intake = free.map(|free| format!("{} as {title}: free", free.join(" and ")));
    let mut findings = vec![finding("[intake]", intake)];
    if config.observe.enabled {
        let address = config.observe.listen;
        let free = try_to_listen(address).await.map(|()| format!("http://{address}/: free"));
        findings.push(finding("[observe]", free));
    }
    findings
}

async fn try_to_listen(address: SocketAddr) -> Result<(), String> {
    use std::io::ErrorKind;
    let what = match TcpListener::bind(address).await {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            "in use; by a gateway that is running, or change listen".to_owned()
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            "not allowed to this user: take a port above 1023, or give CAP_NET_BIND_SERVICE"
                .to_owned()
        }
        Err(error) => format!("{error}; change listen"),
    };
    Err(format!("{address}: {what}"))
}
