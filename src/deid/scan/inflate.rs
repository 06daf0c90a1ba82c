//! Deflated data sets: inflated piece by piece on their way to the scanner, within a limit.

use super::scanner::Scanner;
use super::{ElementHead, Encoding, Problem, Scan};
use flate2::{Decompress, FlushDecompress, Status};

/// A scanner that inflates first where the transfer syntax says so (PS3.5 section A.5).
pub struct DataSetScanner {
    scanner: Scanner,
    inflate: Option<Box<Decompress>>,
    inflated_limit: u64,
}

impl DataSetScanner {
    /// A scanner for a data set in `encoding`; inflating stops at `max_bytes`.
    pub fn new(encoding: Encoding, max_bytes: u64) -> Self {
        let inflate = encoding.deflated.then(|| Box::new(Decompress::new(false)));
        Self { scanner: Scanner::new(encoding, max_bytes), inflate, inflated_limit: max_bytes }
    }

    /// Takes the next bytes as they came.
    pub fn feed(&mut self, bytes: &[u8], visit: &mut impl FnMut(ElementHead)) {
        let Some(inflate) = self.inflate.as_mut() else {
            return self.scanner.feed(bytes, visit);
        };
        let mut out = [0u8; 16 * 1024];
        let mut rest = bytes;
        while self.scanner.scan.problem.is_none() {
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(rest, &mut out, FlushDecompress::None);
            rest = &rest[(inflate.total_in() - read) as usize..];
            let produced = (inflate.total_out() - written) as usize;
            self.scanner.feed(&out[..produced], visit);
            let at = inflate.total_out();
            match status {
                Err(_) => {
                    let what = "a damaged deflate stream";
                    self.scanner.scan.problem = Some(Problem::Malformed { what, at });
                }
                Ok(_) if at > self.inflated_limit => {
                    let what = "a deflated data set beyond the limit";
                    self.scanner.scan.problem = Some(Problem::Limit { what, at });
                }
                Ok(Status::StreamEnd) => return,
                Ok(_) if produced == 0 && rest.is_empty() => return,
                Ok(_) if produced < out.len() && rest.is_empty() => return,
                Ok(_) => {}
            }
        }
    }

    /// Ends the data set.
    pub fn finish(self) -> Scan {
        self.scanner.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const DEFLATED: Encoding = Encoding { explicit_vr: true, big_endian: false, deflated: true };

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::default();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).expect("deflated");
        encoder.finish().expect("deflated")
    }

    fn scan(bytes: &[u8], piece: usize, limit: u64) -> Scan {
        let mut scanner = DataSetScanner::new(DEFLATED, limit);
        bytes.chunks(piece).for_each(|part| scanner.feed(part, &mut |_| {}));
        scanner.finish()
    }

    #[test]
    fn a_deflated_data_set_is_scanned_as_if_it_were_not() {
        let mut bytes = vec![0x08, 0, 0x18, 0, b'U', b'I', 6, 0];
        bytes.extend(b"1.2.3\0");
        bytes.extend([0x10, 0, 0x10, 0x40, b'O', b'B', 0, 0, 0x40, 0x9C, 0, 0]);
        bytes.resize(bytes.len() + 40_000, 7);
        for piece in [1, 10, 100_000] {
            let scan = scan(&deflated(&bytes), piece, 1 << 20);
            assert_eq!(scan.sop_instance_uid.as_str(), "1.2.3");
            assert_eq!(scan.bytes, bytes.len() as u64);
            assert!(!scan.truncated && scan.problem.is_none());
        }
    }

    #[test]
    fn what_inflates_beyond_the_limit_is_a_limit() {
        let mut bytes = vec![0x10, 0, 0x10, 0x40, b'O', b'B', 0, 0, 0, 0, 1, 0];
        bytes.resize(bytes.len() + 65_536, 0);
        let scan = scan(&deflated(&bytes), 50, 65_536);
        assert!(matches!(scan.problem, Some(Problem::Limit { .. })));
    }
}
