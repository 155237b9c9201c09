//! A real machine: Debian's kernel in qemu, which writes a heartbeat to its serial port as long as it runs. The kernel
//! and the heartbeat are put into the target folder by the first test that needs them.

use fencebox_tests::isolation::isolated;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::needs;

const QEMU: &str = "qemu-system-x86_64";

/// The whole system of the machine. The name of each boot differs.
const INIT: &str = "#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
boot=$(/bin/busybox cat /proc/sys/kernel/random/boot_id)
while :; do
    echo \"$boot\" >/dev/ttyS0
    /bin/busybox usleep 100000
done
";

/// Puts `kernel` and `initrd` into the current folder, which has `init`.
const PREPARE: &str = r#"
set -eu
image=$(apt-cache depends --important linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -n 1)
apt-get download -q "${image:?apt lacks linux-image-cloud-amd64}" >&2
dpkg-deb --fsys-tarfile "$image"_*.deb | tar -x --wildcards './boot/vmlinuz-*'
mv boot/vmlinuz-* kernel
rm -r boot "$image"_*.deb
mkdir -p root/bin
cp /bin/busybox root/bin/
mv init root/
chmod +x root/init
(cd root; find . | cpio --quiet -o -H newc | gzip -1 >../initrd)
rm -r root
"#;

/// The kernel and the initial file system of the machine.
pub struct Guest {
    folder: PathBuf,
}

/// The files of the machine. If they cannot be made, the test reports that it is skipped; in CI, that is a failure.
pub fn guest() -> Option<&'static Guest> {
    static GUEST: OnceLock<Result<Guest, String>> = OnceLock::new();
    if !needs::are_met(&[QEMU, "busybox", "cpio", "apt-get"], "-n", "true") {
        return None;
    }
    match GUEST.get_or_init(prepare) {
        Ok(guest) => Some(guest),
        Err(why) => {
            needs::skip(why);
            None
        }
    }
}

impl Guest {
    /// The folder with `kernel` and `initrd`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The command of the machine, whose serial port is appended to the file `serial`, with further arguments.
    pub fn command(&self, serial: &Path, further: &str) -> String {
        let (folder, serial) = (self.folder.display(), serial.display());
        format!(
            "{QEMU} -accel tcg -m 160 -no-reboot -nodefaults -display none -kernel {folder}/kernel -initrd \
             {folder}/initrd -append 'panic=-1 quiet' -chardev file,id=heartbeat,path={serial},append=on -serial \
             chardev:heartbeat {further}"
        )
    }
}

fn prepare() -> Result<Guest, String> {
    let text = |error: std::io::Error| error.to_string();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(target.join("guest.lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    let folder = target.join("guest");
    let made = || folder.join("kernel").exists() && folder.join("initrd").exists();
    if !made() {
        let _ = fs::remove_dir_all(&folder);
        let scratch = tempfile::tempdir_in(target).map_err(text)?;
        fs::write(scratch.path().join("init"), INIT).map_err(text)?;
        let mut shell = isolated("sh");
        shell.args(["-c", PREPARE]).current_dir(scratch.path());
        let output = shell.output().map_err(text)?;
        if !output.status.success() {
            return Err(format!(
                "no machine: {}",
                String::from_utf8_lossy(&output.stderr).trim_end()
            ));
        }
        fs::rename(scratch.keep(), &folder).map_err(text)?;
    }
    Ok(Guest { folder })
}
