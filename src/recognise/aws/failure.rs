//! What a failed call means: wait, or hold. A service's message may quote the request, so only its code
//! is told.

use crate::recognise::classify::AskError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Codes with which asking again for the same thing will not help.
const FOR_GOOD: [&str; 15] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignatureException",
    "OptInRequired",
    "ImageTooLargeException",
    "InvalidImageFormatException",
    "InvalidParameterException",
    "InvalidRequestException",
    "InvalidEncodingException",
    "TextSizeLimitExceededException",
    "ValidationException",
];

/// What an error of this service means for the object.
pub fn of<E, R>(service: &str, error: &SdkError<E, R>) -> AskError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let Some(answer) = error.as_service_error() else {
        // These never reached the service, and quote nothing but addresses.
        let why = match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            SdkError::ResponseError(_) => "an answer that cannot be read".to_owned(),
            other => without_answer(&chain(other)),
        };
        return AskError::Unavailable(format!("{service}: {why}"));
    };
    match answer.code() {
        Some(code) if FOR_GOOD.contains(&code) => AskError::Refused(format!("{service}: {code}")),
        Some(code) if is_code(code) => AskError::Unavailable(format!("{service}: {code}")),
        _ => AskError::Unavailable(format!("{service}: an error without a code")),
    }
}

/// The SDK has no type for this that can be matched on.
fn without_answer(chain: &str) -> String {
    match chain.contains("credentials") {
        true => format!("no credentials: {chain}"),
        false => format!("cannot be reached: {chain}"),
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Codes are words; anything else could be text of the request.
fn is_code(code: &str) -> bool {
    code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric())
}
