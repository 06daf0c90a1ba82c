//! `deid-gateway health`: whether the gateway that runs takes objects, for containers and scripts that
//! have no HTTP client.

use crate::config::Observe;
use anyhow::{Context, bail};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// From connecting to the whole answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// More is not from a gateway.
const MAX_ANSWER_BYTES: u64 = 4_096;

/// Asks, and prints what was answered.
pub async fn run(observe: &Observe) -> anyhow::Result<ExitCode> {
    if !observe.enabled || observe.listen.port() == 0 {
        bail!("nobody can ask: give [observe] listen a port, and let it be enabled");
    }
    let address = reached_at(observe.listen);
    let answer = tokio::time::timeout(TIMEOUT, ask(address)).await;
    let answer = answer
        .with_context(|| format!("no answer from {address} within {} s", TIMEOUT.as_secs()))?
        .with_context(|| format!("no gateway answers on {address}"))?;
    let (head, told) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    super::say(format_args!("{}", told.trim_end()));
    let is_ready = head.starts_with("HTTP/1.1 200 ");
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where all addresses are listened on, loopback is one of them.
fn reached_at(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_asked_by_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:2", "[::1]:2"),
            ("127.0.0.1:3", "127.0.0.1:3"),
            ("10.0.0.7:4", "10.0.0.7:4"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(reached_at(listen).to_string(), asked);
        }
    }
}
