//! Orthanc, as Debian packages it: a PACS that sends, or an archive with DICOMweb, asked by its REST API.

use super::process::{Running, start, wait_until};
use super::research::free_port;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Not on the PATH of everybody.
const PROGRAM: &str = "/usr/sbin/Orthanc";
const DICOMWEB: &str = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

/// Sends a study once nothing of it came for `StableAge`. A job of the REST API fails when it cannot send;
/// `SendToModality` of Orthanc's Lua would log it and call its job a success.
const AUTO_ROUTING: &str = "
function OnStableStudy(study, tags, metadata)
   local job = { Resources = { study }, Synchronous = false }
   RestApiPost('/modalities/gateway/store', DumpJson(job, false))
end";

/// One Orthanc in a directory of its own, on loopback.
pub struct Orthanc {
    process: Running,
    pub dicom_port: u16,
    http_port: u16,
    directory: tempfile::TempDir,
}

impl Orthanc {
    /// A PACS with this AE title that routes every study to a gateway on this port.
    pub fn pacs(title: &str, gateway: u16) -> Self {
        Self::start(&json!({
            "DicomAet": title,
            "StableAge": 1,
            "LuaScripts": ["auto-routing.lua"],
            "DicomModalities": { "gateway": { "AET": "DEID", "Host": "127.0.0.1", "Port": gateway } },
        }))
    }

    /// An archive called ARCHIVE, with DICOMweb, where a gateway called DEID may store and nobody else.
    pub fn archive() -> Self {
        Self::start(&json!({
            "DicomAet": "ARCHIVE",
            "DicomCheckCalledAet": true,
            "DicomAlwaysAllowStore": false,
            "DicomCheckModalityHost": true,
            "DicomModalities": { "gateway": {
                // It sends nothing there, so the port is nobody's.
                "AET": "DEID", "Host": "127.0.0.1", "Port": 104, "AllowStore": true,
            } },
            "Plugins": [DICOMWEB],
            "DicomWeb": { "Enable": true, "Root": "/dicom-web/" },
        }))
    }

    fn start(more: &Value) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (dicom_port, http_port) = (free_port(), free_port());
        let mut configuration = json!({
            "StorageDirectory": "storage",
            "IndexDirectory": "storage",
            "DicomPort": dicom_port,
            "HttpPort": http_port,
            "RemoteAccessAllowed": false,
            "HttpCompressionEnabled": false,
        });
        let more = more.as_object().expect("an object").clone();
        configuration.as_object_mut().expect("an object").extend(more);
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).expect("written");
        };
        write("auto-routing.lua", AUTO_ROUTING);
        write("orthanc.json", &configuration.to_string());
        let log = File::create(directory.path().join("log")).expect("made");
        let mut command = Command::new(PROGRAM);
        command.arg("orthanc.json").current_dir(directory.path());
        command.stdout(Stdio::null()).stderr(log);
        let process = start(&mut command);
        let mut orthanc = Self { process, dicom_port, http_port, directory };
        wait_until("Orthanc answers", || {
            let ended = orthanc.process.0.try_wait().expect("a status");
            assert!(ended.is_none(), "Orthanc stopped: {}", orthanc.log());
            orthanc.try_request("GET", "/system", "").is_ok_and(|answer| answer.status == 200)
        });
        orthanc
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("its log")
    }

    /// What it answers to a GET of this path, which must succeed.
    pub fn get(&self, path: &str) -> Vec<u8> {
        self.request("GET", path, "")
    }

    /// The same, in JSON.
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.get(path)).expect("JSON")
    }

    /// The IDs of everything in a list, such as `/instances`.
    pub fn ids(&self, list: &str) -> Vec<String> {
        serde_json::from_value(self.json(list)).expect("a list of IDs")
    }

    /// Every instance as a file in the directory `name` of its own.
    pub fn files(&self, name: &str) -> Vec<PathBuf> {
        let directory = self.directory.path().join(name);
        std::fs::create_dir_all(&directory).expect("made");
        let file = |id: &String| {
            let path = directory.join(id);
            std::fs::write(&path, self.get(&format!("/instances/{id}/file"))).expect("written");
            path
        };
        self.ids("/instances").iter().map(file).collect()
    }

    /// Its jobs that failed.
    pub fn failed_jobs(&self) -> Vec<Value> {
        let Value::Array(mut jobs) = self.json("/jobs?expand") else { panic!("not a list") };
        jobs.retain(|job| job["State"] == "Failure");
        jobs
    }

    /// Sends again what the failed jobs were to send.
    pub fn resubmit_failed_jobs(&self) {
        for job in self.failed_jobs() {
            let id = job["ID"].as_str().expect("an ID");
            self.request("POST", &format!("/jobs/{id}/resubmit"), "{}");
        }
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let answer = self.try_request(method, path, body);
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}: {}", self.log()));
        let text = || String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{path}: {}: {}", text(), self.log());
        answer.body
    }

    fn try_request(&self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http_port))?;
        stream.set_read_timeout(Some(super::process::DEADLINE))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Answer::of(&bytes).ok_or_else(|| std::io::Error::other("not a whole answer"))
    }
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    /// An answer whose body is as long as it says; none that is cut or chunked.
    fn of(bytes: &[u8]) -> Option<Self> {
        let end = memchr::memmem::find(bytes, b"\r\n\r\n")?;
        let (head, body) = (std::str::from_utf8(&bytes[..end]).ok()?, bytes[end + 4..].to_vec());
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
        (length.parse() == Ok(body.len())).then_some(Self { status, body })
    }
}
