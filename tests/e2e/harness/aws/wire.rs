//! What both services have in common: signatures, faults, and how a refusal is written.

use super::{Asked, CloudFault, KEY_ID, Shared, comprehend, lock, rekognition};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream;

/// A refusal: the status and the code of the service.
pub struct Refused(pub StatusCode, pub &'static str);

const DETECT_TEXT: &str = "RekognitionService.DetectText";
const DETECT_PHI: &str = "/service/ComprehendMedical_20181030/operation/DetectPHI";

pub async fn answer(
    State(record): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let service = match (uri.path(), said("x-amz-target")) {
        (DETECT_PHI, _) if said("smithy-protocol") == "rpc-v2-cbor" => Asked::Comprehend,
        ("/", DETECT_TEXT) => Asked::Rekognition,
        _ => {
            return refusal(
                Asked::Rekognition,
                &Refused(StatusCode::NOT_FOUND, "UnknownOperation"),
            );
        }
    };
    let fault = {
        let mut record = lock(&record);
        *record.calls.entry(service).or_default() += 1;
        record.faults.get(&service).copied()
    };
    if !is_signed(said(header::AUTHORIZATION.as_str()), service) {
        let refused = Refused(StatusCode::FORBIDDEN, "UnrecognizedClientException");
        return refusal(service, &refused);
    }
    if let Some(fault) = fault {
        return faulty(service, fault).await;
    }
    let answered = match service {
        Asked::Rekognition => rekognition::detect_text(&record, &body).await,
        Asked::Comprehend => comprehend::detect_phi(&record, &body),
    };
    match answered {
        Ok(body) => written(service, StatusCode::OK, body.into()),
        Err(refused) => refusal(service, &refused),
    }
}

/// Signature Version 4 of our key, for this service; whether it is right only the secret's owner knows.
fn is_signed(authorization: &str, service: Asked) -> bool {
    let name = match service {
        Asked::Rekognition => "rekognition",
        Asked::Comprehend => "comprehendmedical",
    };
    let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else { return false };
    let part = |key: &str| rest.split(", ").find_map(|part| part.strip_prefix(key)).unwrap_or("");
    let scope: Vec<_> = part("Credential=").split('/').collect();
    let signature = part("Signature=");
    let is_hex = signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit());
    matches!(scope[..], [KEY_ID, _, "us-east-1", of, "aws4_request"] if of == name)
        && part("SignedHeaders=").split(';').any(|name| name == "host")
        && is_hex
}

async fn faulty(service: Asked, fault: CloudFault) -> Response {
    let begun = || Ok::<_, std::io::Error>(Bytes::from_static(b"{\"TextDet"));
    let broken = || Err(std::io::Error::other("on purpose"));
    let body = match fault {
        CloudFault::Throttled => {
            // HTTP 400, as the service does, and not 429.
            let code = match service {
                Asked::Rekognition => "ProvisionedThroughputExceededException",
                Asked::Comprehend => "TooManyRequestsException",
            };
            return refusal(service, &Refused(StatusCode::BAD_REQUEST, code));
        }
        CloudFault::Unavailable => {
            let code = "InternalServerError";
            return refusal(service, &Refused(StatusCode::SERVICE_UNAVAILABLE, code));
        }
        CloudFault::AccessDenied => {
            return refusal(service, &Refused(StatusCode::BAD_REQUEST, "AccessDeniedException"));
        }
        CloudFault::Silent => std::future::pending().await,
        CloudFault::Hangs => Body::from_stream(stream::iter([begun()]).chain(stream::pending())),
        CloudFault::Truncated => Body::from_stream(stream::iter([begun(), broken()])),
    };
    written(service, StatusCode::OK, body)
}

/// Its message quotes the request, as those of services may: nobody may log it.
fn refusal(service: Asked, Refused(status, code): &Refused) -> Response {
    let message = "your request said HOLLERBACH";
    let body = match service {
        Asked::Rekognition => {
            serde_json::json!({ "__type": code, "message": message }).to_string().into()
        }
        Asked::Comprehend => comprehend::cbor(&[
            ("__type", format!("com.amazonaws.comprehendmedical#{code}").into()),
            ("message", message.into()),
        ])
        .into(),
    };
    written(service, *status, body)
}

fn written(service: Asked, status: StatusCode, body: Body) -> Response {
    let response = Response::builder().status(status);
    let response = match service {
        Asked::Rekognition => response.header(header::CONTENT_TYPE, "application/x-amz-json-1.1"),
        Asked::Comprehend => response
            .header(header::CONTENT_TYPE, "application/cbor")
            .header("smithy-protocol", "rpc-v2-cbor"),
    };
    response.body(body).expect("a response")
}
