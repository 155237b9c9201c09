//! TLS servers of OpenSSL, with certificates that other libraries refuse to make or to serve.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::*;
use fencebox_policy::Fingerprint;

/// Keys and certificates, made for one test.
pub(super) struct Folder(tempfile::TempDir);

/// A certificate with its key, both as files.
pub(super) struct Identity {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A key with these arguments of `openssl genpkey`.
    pub(super) fn key(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let key = self.file(&format!("{name}.key"));
        run(Command::new("openssl")
            .arg("genpkey")
            .args(arguments)
            .arg("-out")
            .arg(&key));
        key
    }

    pub(super) fn rsa(&self, bits: u32) -> PathBuf {
        let size = format!("rsa_keygen_bits:{bits}");
        self.key(&format!("rsa{bits}"), &["-algorithm", "RSA", "-pkeyopt", &size])
    }

    /// A certificate of version 1, without extensions. Without an `issuer`, its own key signs it.
    pub(super) fn version_1(&self, name: &str, key: &Path, issuer: Option<&Identity>, more: &[&str]) -> Identity {
        let (request, certificate) = (self.file(&format!("{name}.csr")), self.file(&format!("{name}.pem")));
        let subject = format!("/CN={name}");
        run(Command::new("openssl")
            .args(["req", "-new", "-subj", &subject, "-key"])
            .arg(key)
            .arg("-out")
            .arg(&request));
        let mut sign = Command::new("openssl");
        sign.args(["x509", "-req", "-days", "2", "-in"]).arg(&request);
        match issuer {
            Some(issuer) => sign
                .args(["-set_serial", "7", "-CA"])
                .arg(&issuer.certificate)
                .arg("-CAkey")
                .arg(&issuer.key),
            None => sign.arg("-signkey").arg(key),
        };
        run(sign.args(more).arg("-out").arg(&certificate));
        Identity {
            certificate,
            key: key.to_owned(),
        }
    }

    /// A certificate of version 3 that its own key signs, by `openssl req -x509`.
    pub(super) fn version_3(&self, name: &str, key: &Path, more: &[&str]) -> Identity {
        let certificate = self.file(&format!("{name}.pem"));
        run(Command::new("openssl")
            .args(["req", "-x509", "-days", "2", "-key"])
            .arg(key)
            .args(more)
            .arg("-out")
            .arg(&certificate));
        Identity {
            certificate,
            key: key.to_owned(),
        }
    }
}

impl Identity {
    pub(super) fn der(&self) -> Vec<u8> {
        let output = Command::new("openssl")
            .args(["x509", "-outform", "DER", "-in"])
            .arg(&self.certificate)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der());
        Fingerprint(digest.as_ref().try_into().unwrap())
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// `openssl s_server`, which answers each request with a page. It ends with the test.
pub(super) struct Peer {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Peer {
    /// With further arguments of `openssl s_server`.
    pub(super) fn start(own: &Identity, more: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-www", "-accept", "127.0.0.1:0", "-cert"])
            .arg(&own.certificate)
            .arg("-key")
            .arg(&own.key)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().strip_prefix("ACCEPT ")?.trim().parse().ok())
            .unwrap();
        // It must be able to print for as long as it runs.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// The capability with this trust for this peer.
    pub(super) fn trusted_by(&self, trust: Trust) -> Http {
        http(Origin {
            tls: true,
            trust,
            ..origin(self.address)
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
