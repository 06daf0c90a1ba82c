//! Whether Amazon Rekognition and Amazon Comprehend Medical let us in: one tiny call to each, and what to
//! do where that fails.

use super::{Finding, finding};
use crate::config::Config;
use crate::recognise::AskError;
use crate::recognise::aws::{Aws, Service};

/// A finding of each service; none where neither is asked.
pub async fn services(config: &Config) -> Vec<Finding> {
    let Some(aws) = Aws::new(config) else { return Vec::new() };
    let mut findings = Vec::new();
    for service in [Service::Rekognition, Service::Comprehend] {
        let outcome = match aws.probe(service).await {
            Ok(()) => Ok(format!("{} answers", service.name())),
            Err(error) => Err(format!("{error}; {}", advice(service, &error))),
        };
        findings.push(finding("[aws]", outcome));
    }
    findings
}

/// What to do about it, by the codes of the services and our own words.
fn advice(service: Service, error: &AskError) -> String {
    let (action, setting) = match service {
        Service::Rekognition => ("rekognition:DetectText", "rekognition_endpoint"),
        Service::Comprehend => ("comprehendmedical:DetectPHI", "comprehend_endpoint"),
    };
    let told = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if says(&["no credentials"]) {
        return "give the gateway a role, [aws] profile, or AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY"
            .into();
    }
    if says(&["AccessDenied", "NotAuthorized"]) {
        return format!("allow {action} to these credentials (docs/aws.md has the policy)");
    }
    if says(&["UnrecognizedClient", "InvalidClientTokenId", "Signature", "ExpiredToken"]) {
        return "these credentials are wrong or over, or the clock of this machine is".into();
    }
    if says(&["OptInRequired", "SubscriptionRequired"]) {
        return format!("this account does not have {}: sign up for it", service.name());
    }
    if says(&["max_cost_per_"]) {
        return "raise it, or wait".into();
    }
    if says(&["cannot be reached", "no answer in time", "cannot be read"]) {
        return format!(
            "check that {} is offered in [aws] region (Comprehend Medical is not in every one), [aws] \
             {setting}, the network, and the proxy",
            service.name()
        );
    }
    "see docs/aws.md".into()
}
