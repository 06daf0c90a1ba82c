//! The token that metrics and the page ask for: by Bearer from programs, by Basic as the password from
//! browsers, which have no other way to give one.

use super::Watched;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Longer files hold no token.
const MAX_TOKEN_BYTES: u64 = 4_096;

/// The digest of the token of a file; none without a file.
pub fn token(file: &Path) -> std::io::Result<Option<[u8; 32]>> {
    use std::io::Read;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let mut token = String::new();
    std::fs::File::open(file)?.take(MAX_TOKEN_BYTES).read_to_string(&mut token)?;
    match token.trim() {
        "" => Err(std::io::Error::other("it holds no token")),
        token => Ok(Some(Sha256::digest(token).into())),
    }
}

/// Whether a request shows the token, where one is asked for.
pub fn is_allowed(watched: &Watched, headers: &HeaderMap) -> bool {
    let Some(wanted) = &watched.token else { return true };
    // Digests are compared: how long that takes says nothing about the token.
    shown(headers).is_some_and(|token| Sha256::digest(token).as_slice() == wanted)
}

/// What to answer without it. A browser asks its reader for a name and the token then.
pub fn ask() -> Response {
    const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
    const BASIC: HeaderValue =
        HeaderValue::from_static("Basic realm=\"deid-gateway\", charset=\"UTF-8\"");
    let schemes = [BEARER, BASIC].map(|scheme| (header::WWW_AUTHENTICATE, scheme));
    (StatusCode::UNAUTHORIZED, AppendHeaders(schemes), "a token is needed\n").into_response()
}

/// The token of a request. Any user name goes with it: there is one token, and nothing to be told apart.
fn shown(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, given) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(given.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(given.trim()).ok()?).ok()?;
    let (_name, token) = pair.split_once(':')?;
    Some(token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Option<String> {
        let value = HeaderValue::from_str(value).expect("a header");
        shown(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
    }

    #[test]
    fn a_token_comes_by_bearer_or_as_the_password_of_basic() {
        let basic = |pair: &str| of(&format!("Basic {}", STANDARD.encode(pair)));
        for shown in [of("Bearer a:b"), of("bearer  a:b "), basic("me:a:b"), basic(":a:b")] {
            assert_eq!(shown.as_deref(), Some("a:b"));
        }
        let nothing = [of("a:b"), of("Digest a:b"), of("Basic %%"), of("Basic"), basic("a")];
        assert_eq!(nothing, [const { None }; 5]);
        assert_eq!(shown(&HeaderMap::new()), None);
    }
}
