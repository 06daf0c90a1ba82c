//! A child can do harm to its own object alone: it reaches nothing else, and one that is killed,
//! bloats or stalls costs only that object.

use crate::harness::{Gateway, Ran, Site, judge, sample, storescu};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

const FAULT: &str = "DEID_GATEWAY_SANDBOX_FAULT";
const WITHOUT: &str = "DEID_GATEWAY_SANDBOX_WITHOUT";
const AGAIN: &str = "tried once more, alone";

/// One object misbehaves as `fault` says: it is tried again, then held for `reason` and as `detail`
/// says; the one sent with it arrives.
fn costs_only_itself(fault: &str, reason: &str, detail: &str, settings: &[(&str, i64)]) {
    let mut site = Site::new();
    for (key, value) in settings {
        site.set(key, *value);
    }
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let wanted = format!("{fault}:{}", samples[0].sop_uid);
    let gateway = site.start_with(&[(FAULT, &wanted)]);
    storescu(gateway.port, &[], &[&samples[0].path, &samples[1].path]);
    site.wait_held(reason, 1);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    judge(&samples[1].path, &site.delivered()[0]);
    assert_eq!(site.originals().len(), 1, "the held object keeps its original");
    let tries = 1 + gateway.stderr().matches(AGAIN).count();
    assert_eq!(tries, if detail.contains("in all") { 1 } else { 2 }, "{}", gateway.stderr());
    gateway.stop();
    let shown = site.run(&["held", "show", "--all"]).ok();
    assert!(shown.contains(detail), "{shown}");
}

#[test]
fn an_object_that_overflows_the_stack_is_held() {
    costs_only_itself("overflow", "sandbox-crashed", "signal: ", &[]);
}

#[test]
fn an_object_that_allocates_without_end_is_held() {
    let settings = [("sandbox.memory_bytes", 512 << 20)];
    costs_only_itself("allocate", "sandbox-memory", "more than 536870912 bytes", &settings);
}

#[test]
fn an_object_that_hangs_is_held() {
    let settings = [("sandbox.timeout_ms", 5_000)];
    costs_only_itself("hang", "sandbox-timeout", "no progress in 5000 ms", &settings);
}

#[test]
fn an_object_that_takes_longer_than_a_silence_may_is_delivered_if_its_child_reads_on() {
    for kind in ["slow=20", "verify-slow=20"] {
        let mut site = Site::new();
        site.set("sandbox.timeout_ms", 1_000);
        let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
        let gateway = site.start_with(&[(FAULT, &format!("{kind}:DICM"))]);
        storescu(gateway.port, &[], &[&sample.path]);
        site.wait_ended(1);
        judge(&sample.path, &site.delivered()[0]);
        assert_eq!(gateway.stderr().matches(AGAIN).count(), 0, "{}", gateway.stderr());
        gateway.stop();
    }
}

#[test]
fn an_object_that_computes_without_end_is_held() {
    let settings = [("sandbox.request_cpu_s", 1)];
    costs_only_itself("compute", "sandbox-timeout", "more than 1 s of processor time", &settings);
}

#[test]
fn an_object_that_writes_without_end_is_held() {
    costs_only_itself("write", "limit-exceeded", "writes more than", &[]);
}

#[test]
fn an_object_that_takes_longer_than_objects_may_is_held() {
    let settings = [("sandbox.object_timeout_ms", 3_000)];
    costs_only_itself("hang", "sandbox-timeout", "not done in 3000 ms in all", &settings);
}

#[test]
fn an_object_whose_child_is_killed_once_is_delivered() {
    for kind in ["once", "verify-once"] {
        let site = Site::new();
        let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
        // A result has another UID.
        let wanted = format!("{kind}={}:DICM", site.text("happened"));
        let gateway = site.start_with(&[(FAULT, &wanted)]);
        storescu(gateway.port, &[], &[&sample.path]);
        site.wait_ended(1);
        judge(&sample.path, &site.delivered()[0]);
        assert_eq!(std::fs::read(site.path("happened")).expect("it was killed"), b"once");
        assert_eq!(gateway.stderr().matches(AGAIN).count(), 1, "{}", gateway.stderr());
        gateway.stop();
    }
}

/// What children could reach for, and a file to reach for.
struct Foreign {
    site: Site,
    object: PathBuf,
    listener: TcpListener,
}

impl Foreign {
    fn new() -> Self {
        let site = Site::new();
        let object = sample(&site.path("sent"), &["--ct", "1"]).remove(0).path;
        std::fs::write(site.path("foreign"), "").expect("written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self { site, object, listener }
    }

    /// `deid` of an object whose child tries this; with parts of the confinement left away.
    fn attempt(&self, kind: &str, without: &str) -> Ran {
        let value = match kind {
            "connect" => self.listener.local_addr().expect("an address").to_string(),
            "read-foreign" | "stat-foreign" => self.site.text("foreign"),
            "list-foreign" => self.site.text("sent"),
            "write-foreign" => self.site.text("written"),
            "execute" => "/bin/true".to_owned(),
            // What is verified has another UID, so that any file is meant.
            "verify-read-foreign" => self.object.to_str().expect("ASCII").to_owned(),
            _ => String::new(),
        };
        let mut command = self.site.command();
        command.env(FAULT, format!("{kind}={value}:DICM")).env(WITHOUT, without);
        command.arg("deid").arg(&self.object).arg("--out").arg(self.site.path("out"));
        let ran = Ran::of(&mut command);
        let _ = std::fs::remove_dir_all(self.site.path("out"));
        ran
    }

    /// The attempt must fail with the confinement, and would succeed without.
    fn is_out_of_reach(&self, kind: &str, without: &str) {
        let confined = self.attempt(kind, without);
        assert!(confined.ok().starts_with("1 de-identified"), "{kind} without {without:?}");
        let open = self.attempt(kind, "seccomp landlock");
        let reached = open.code == Some(1) && open.stdout.contains("sandbox-crashed");
        assert!(reached, "{kind} does not even succeed without any confinement: {open:?}");
    }
}

#[test]
fn a_child_reaches_no_network() {
    let foreign = Foreign::new();
    for kind in ["connect", "listen", "datagram", "unix-socket"] {
        foreign.is_out_of_reach(kind, "");
    }
}

#[test]
fn a_child_reaches_no_file_by_its_name() {
    let foreign = Foreign::new();
    for kind in ["read-foreign", "stat-foreign", "list-foreign", "write-foreign"] {
        foreign.is_out_of_reach(kind, "");
    }
}

#[test]
fn a_child_that_verifies_cannot_read_the_original() {
    Foreign::new().is_out_of_reach("verify-read-foreign", "");
}

#[test]
fn a_child_reaches_no_process_and_keeps_its_limits() {
    let foreign = Foreign::new();
    for kind in ["execute", "signal-parent", "raise-limit"] {
        foreign.is_out_of_reach(kind, "");
    }
    let ran = foreign.attempt("write-input", "seccomp landlock");
    assert!(ran.ok().starts_with("1 de-identified"), "an input is open for reading alone");
}

#[test]
fn landlock_alone_keeps_files_programs_and_connections_out_of_reach() {
    let foreign = Foreign::new();
    for kind in ["connect", "read-foreign", "list-foreign", "write-foreign", "execute"] {
        foreign.is_out_of_reach(kind, "seccomp");
    }
}

#[test]
fn seccomp_alone_keeps_everything_out_of_reach() {
    let foreign = Foreign::new();
    for kind in ["connect", "read-foreign", "stat-foreign", "execute", "signal-parent"] {
        foreign.is_out_of_reach(kind, "landlock");
    }
}

#[test]
fn what_the_kernel_confines_is_told_at_the_start() {
    let site = Site::new();
    let gateway = site.start();
    let told = "child processes are confined: seccomp, Landlock";
    assert!(gateway.stderr().contains(told), "{}", gateway.stderr());
    gateway.stop();
    assert!(site.run(&["check"]).ok().contains(told));
}

#[test]
fn a_kernel_without_confinement_is_told_of_or_refused() {
    let mut site = Site::new();
    for (without, told) in
        [("seccomp", "no seccomp, Landlock"), ("landlock", "seccomp, no Landlock")]
    {
        let gateway = site.start_with(&[(WITHOUT, without)]);
        let told = format!("does not confine child processes: {told}");
        assert!(gateway.stderr().contains(&told), "{}", gateway.stderr());
        gateway.stop();
        let check = Ran::of(site.command().arg("check").env(WITHOUT, without)).ok();
        assert!(check.contains(&told) && check.contains("warn   [sandbox]"), "{check}");
    }
    site.set("sandbox.require_confinement", true);
    for without in ["seccomp", "landlock"] {
        let refused = Ran::of(site.command().arg("serve").env(WITHOUT, without));
        refused.fails(1, &["cannot start child processes", "require_confinement"]);
        let check = Ran::of(site.command().arg("check").env(WITHOUT, without));
        assert!(check.stdout.contains("WRONG  [sandbox]"), "{check:?}");
    }
    site.start().stop();
}

#[test]
fn an_upgrade_in_place_leaves_a_running_gateway_its_own_children() {
    let mut site = Site::new();
    site.set("sandbox.objects_per_child", 1);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let program = site.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_deid-gateway"), &program).expect("copied");
    let mut command = Command::new(&program);
    command.arg("--config").arg(site.write_config()).current_dir(site.path(""));
    let gateway = Gateway::start(&mut command, &site.path(""));
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    // As an installer does: another file under the old name.
    std::fs::copy("/bin/false", site.path("new")).expect("copied");
    std::fs::rename(site.path("new"), &program).expect("renamed");
    storescu(gateway.port, &[], &[&samples[1].path]);
    site.wait_ended(2);
    gateway.stop();
}

#[test]
fn an_object_with_more_lines_of_text_than_allowed_is_held() {
    let mut site = Site::new();
    site.set("limits.max_lines", 1);
    let sample = sample(&site.path("sent"), &["--us", "1"]).remove(0);
    let ran =
        site.command().arg("deid").arg(&sample.path).arg("--out").arg(site.path("out")).output();
    let ran = String::from_utf8(ran.expect("it runs").stdout).expect("text");
    assert!(ran.contains("limit-exceeded") && ran.contains("more than 1 lines of text"), "{ran}");
}
