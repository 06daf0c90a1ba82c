//! Between two DICOM peers: passes PDUs on, and does one wrong thing before one of them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Both sides are told that the other is done.
    Cut,
    /// The PDU comes late.
    Delay,
    /// Nothing comes any more in this direction.
    Stall,
    /// Both sides get a TCP reset.
    Reset,
    /// This direction ends, the other goes on.
    HalfClose,
}

impl Fault {
    pub const ALL: [Fault; 5] = [Self::Cut, Self::Delay, Self::Stall, Self::Reset, Self::HalfClose];
}

/// Where the fault is: before this PDU, counted from 0, of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub fault: Fault,
    pub from_requestor: bool,
    pub pdu: usize,
}

/// How often a pump looks whether its connection was reset.
const TICK: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_millis(150);

/// Passes connections on to a port; the first after `set` has the fault.
pub struct Proxy {
    pub port: u16,
    plan: Arc<Mutex<Option<Plan>>>,
    done: Arc<AtomicBool>,
    /// Directions that are passed on now.
    open: Arc<AtomicUsize>,
}

impl Proxy {
    /// Listens on this port of its own.
    pub fn start(port: u16, to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let (plan, done) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (plans, stop) = (Arc::clone(&plan), Arc::clone(&done));
        let open = Arc::new(AtomicUsize::new(0));
        let pumps = Arc::clone(&open);
        std::thread::spawn(move || {
            for requestor in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(acceptor) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let plan: Option<Plan> = plans.lock().expect("a plan").take();
                join(&requestor, &acceptor, plan, &pumps);
            }
        });
        Self { port, plan, done, open }
    }

    /// The next connection has this fault.
    pub fn set(&self, plan: Plan) {
        *self.plan.lock().expect("a plan") = Some(plan);
    }

    /// Whether no connection is open.
    pub fn is_idle(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
    }

    /// Whether a connection has taken the plan.
    pub fn is_taken(&self) -> bool {
        self.plan.lock().expect("a plan").is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn join(requestor: &TcpStream, acceptor: &TcpStream, plan: Option<Plan>, open: &Arc<AtomicUsize>) {
    let dead = Arc::new(AtomicBool::new(false));
    for (from, to, from_requestor) in [(requestor, acceptor, true), (acceptor, requestor, false)] {
        let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
        let _ = (from.set_nodelay(true), from.set_read_timeout(Some(TICK)));
        let plan = plan.filter(|plan| plan.from_requestor == from_requestor);
        let pump = Pump { from, to, dead: Arc::clone(&dead) };
        let open = Arc::clone(open);
        open.fetch_add(1, Ordering::Relaxed);
        std::thread::spawn(move || {
            pump.run(plan);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

struct Pump {
    from: TcpStream,
    to: TcpStream,
    dead: Arc<AtomicBool>,
}

impl Pump {
    fn run(mut self, plan: Option<Plan>) {
        for number in 0.. {
            let Some(pdu) = self.read_pdu() else { break };
            if let Some(plan) = plan.filter(|plan| plan.pdu == number)
                && !self.suffers(plan.fault)
            {
                break;
            }
            if self.to.write_all(&pdu).is_err() {
                break;
            }
        }
        // a reset is told by the closing alone
        if !self.dead.load(Ordering::Relaxed) {
            let _ = self.to.shutdown(Shutdown::Write);
        }
    }

    /// Whether the PDU is passed on all the same.
    fn suffers(&mut self, fault: Fault) -> bool {
        match fault {
            Fault::Cut => {
                let _ = (self.from.shutdown(Shutdown::Both), self.to.shutdown(Shutdown::Both));
            }
            Fault::Delay => {
                std::thread::sleep(LATE);
                return true;
            }
            Fault::Stall => while self.read_pdu().is_some() {},
            Fault::Reset => {
                for socket in [&self.from, &self.to] {
                    let _ = socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO));
                }
                self.dead.store(true, Ordering::Relaxed);
            }
            Fault::HalfClose => {
                let _ = self.to.shutdown(Shutdown::Write);
            }
        }
        false
    }

    /// One whole PDU (PS3.8 section 9.3): type, reserved, 32-bit length, content.
    fn read_pdu(&mut self) -> Option<Vec<u8>> {
        let mut pdu = vec![0; 6];
        self.fill(&mut pdu, 0)?;
        let length = u32::from_be_bytes([pdu[2], pdu[3], pdu[4], pdu[5]]) as usize;
        pdu.resize(6 + length, 0);
        self.fill(&mut pdu, 6)?;
        Some(pdu)
    }

    fn fill(&mut self, bytes: &mut [u8], mut at: usize) -> Option<()> {
        while at < bytes.len() {
            match self.from.read(&mut bytes[at..]) {
                Ok(0) => return None,
                Ok(read) => at += read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
            if self.dead.load(Ordering::Relaxed) {
                return None;
            }
        }
        Some(())
    }
}
