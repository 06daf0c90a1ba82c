//! The system calls of a child, as a list of what is allowed.
//!
//! A decoder reads, writes and computes on descriptors that it was given. Everything else is answered
//! with ENOSYS, as by an older kernel: libraries then do without, on any version of libc, and what a
//! later kernel adds is not there either. A thread that cannot be made is one of these.

use libc::{
    F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, PROT_EXEC, SYS_brk, SYS_clock_gettime, SYS_close,
    SYS_dup, SYS_exit, SYS_exit_group, SYS_fcntl, SYS_fstat, SYS_ftruncate, SYS_futex, SYS_getpid,
    SYS_getrandom, SYS_gettid, SYS_lseek, SYS_madvise, SYS_mmap, SYS_mprotect, SYS_mremap,
    SYS_munmap, SYS_pread64, SYS_prlimit64, SYS_pwrite64, SYS_read, SYS_readv, SYS_recvmsg,
    SYS_restart_syscall, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_sched_getaffinity, SYS_sched_yield, SYS_sigaltstack, SYS_tgkill, SYS_write, SYS_writev,
    c_long,
};
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;

/// Allowed with any argument. None takes a path, makes a descriptor for anything new, or reaches
/// another process; `recvmsg` is how the files of a request come in.
const ALWAYS: [c_long; 30] = [
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_write,
    SYS_writev,
    SYS_pwrite64,
    SYS_lseek,
    SYS_ftruncate,
    SYS_fstat,
    SYS_dup,
    SYS_close,
    SYS_recvmsg,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_getpid,
    SYS_gettid,
    SYS_sigaltstack,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
];

/// Applies the list to this thread, the only one of the process.
pub(super) fn apply() -> Result<(), Error> {
    seccompiler::apply_filter(&program()?)
}

fn program() -> Result<BpfProgram, Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALWAYS.iter().map(|call| (*call, Vec::new())).collect();
    // No new machine code.
    let not_executable = || all(&[(2, SeccompCmpOp::MaskedEq(PROT_EXEC as u64), 0)]);
    rules.insert(SYS_mmap, vec![not_executable()?]);
    rules.insert(SYS_mprotect, vec![not_executable()?]);
    // Not F_SETOWN and F_SETSIG, which have the kernel send a signal to anybody.
    let commands = [F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL];
    let command = |command| all(&[(1, SeccompCmpOp::Eq, command as u64)]);
    rules.insert(SYS_fcntl, commands.into_iter().map(command).collect::<Result<_, _>>()?);
    // An abort: of this process.
    let own = u64::from(std::process::id());
    rules.insert(SYS_tgkill, vec![all(&[(0, SeccompCmpOp::Eq, own)])?]);
    // `grant_cpu`.
    let cpu = [(0, SeccompCmpOp::Eq, 0), (1, SeccompCmpOp::Eq, libc::RLIMIT_CPU as u64)];
    rules.insert(SYS_prlimit64, vec![all(&cpu)?]);
    let architecture = std::env::consts::ARCH.try_into()?;
    let absent = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules, absent, SeccompAction::Allow, architecture)?;
    Ok(filter.try_into()?)
}

/// A rule that these arguments (position, comparison, value) meet, in their lower 32 bits.
fn all(arguments: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, BackendError> {
    let condition = |(position, comparison, value): &(u8, SeccompCmpOp, u64)| {
        SeccompCondition::new(*position, SeccompCmpArgLen::Dword, comparison.clone(), *value)
    };
    SeccompRule::new(arguments.iter().map(condition).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_compiles_for_this_architecture() {
        let program = program().expect("a filter");
        assert!(program.len() > ALWAYS.len());
    }

    #[test]
    fn nothing_in_the_list_opens_connects_or_starts() {
        let forbidden = [
            libc::SYS_openat,
            libc::SYS_openat2,
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_sendmsg,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_kill,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_pidfd_getfd,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_keyctl,
            libc::SYS_bpf,
            libc::SYS_io_uring_setup,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_statx,
        ];
        for call in forbidden {
            assert!(!ALWAYS.contains(&call), "{call}");
        }
    }
}
