//! An object that kills, bloats or stalls its child process costs only itself.

use crate::harness::{Site, judge, sample, storescu};

/// One object misbehaves as `fault` says: it is held for `reason`, the one sent with it arrives.
fn costs_only_itself(fault: &str, reason: &str, settings: &[(&str, i64)]) {
    let mut site = Site::new();
    for (key, value) in settings {
        site.set(key, *value);
    }
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let wanted = format!("{fault}:{}", samples[0].sop_uid);
    let gateway = site.start_with(&[("DEID_GATEWAY_SANDBOX_FAULT", &wanted)]);
    storescu(gateway.port, &[], &[&samples[0].path, &samples[1].path]);
    site.wait_held(reason, 1);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    judge(&samples[1].path, &site.delivered()[0]);
    assert_eq!(site.originals().len(), 1, "the held object keeps its original");
    gateway.stop();
}

#[test]
fn an_object_that_overflows_the_stack_is_held() {
    costs_only_itself("overflow", "sandbox-crashed", &[]);
}

#[test]
fn an_object_that_allocates_without_end_is_held() {
    costs_only_itself("allocate", "sandbox-memory", &[("sandbox.memory_bytes", 512 << 20)]);
}

#[test]
fn an_object_that_hangs_is_held() {
    costs_only_itself("hang", "sandbox-timeout", &[("sandbox.timeout_ms", 5_000)]);
}
