//! Named places at which a debug build kills itself when a test asks for it.

/// Kills the process as `kill -9` would, if `DEID_GATEWAY_CRASH_AT` names this place. A release
/// build holds nothing of it.
pub fn crash_point(name: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("DEID_GATEWAY_CRASH_AT").is_ok_and(|wanted| wanted == name) {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}
