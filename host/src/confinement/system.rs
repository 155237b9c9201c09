//! Files of the system's that its own library reads, whatever a run is for.

use std::path::PathBuf;

/// What time zones take.
const TIME_ZONES: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
];

/// What looking up names takes: how to (glibc, musl, systemd, SUSE), with the
/// folders in which daemons keep the file that `/etc/resolv.conf` is a link to
/// and replace it; and the libraries that glibc loads for each way that
/// `/etc/nsswitch.conf` names.
const NAMES: &[&str] = &[
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/mdns.allow",
    "/etc/nscd.conf",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/usr/etc/gai.conf",
    "/usr/etc/host.conf",
    "/usr/etc/hosts",
    "/usr/etc/nsswitch.conf",
    "/usr/etc/protocols",
    "/usr/etc/services",
    "/run/NetworkManager",
    "/run/connman",
    "/run/netconfig",
    "/run/nscd",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/var/db/nscd",
    "/var/cache/nscd",
    "/var/lib/sss/mc",
    "/etc/ld.so.cache",
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/gnu/store",
    "/nix/store",
];

/// What the C library asks about the machine, and where random numbers come
/// from on kernels without a call for them.
const MACHINE: &[&str] = &[
    "/dev/null",
    "/dev/urandom",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system/cpu",
];

/// All that a run may read beside what it is for.
pub(super) fn files(names: bool) -> impl Iterator<Item = PathBuf> {
    let names = if names { NAMES } else { &[] };
    let fixed = TIME_ZONES.iter().chain(MACHINE).chain(names);
    fixed.map(PathBuf::from).chain(time_zone_by_environment())
}

/// The user may keep time zones elsewhere.
fn time_zone_by_environment() -> impl Iterator<Item = PathBuf> {
    let zone = std::env::var("TZ").ok();
    let zone = zone.map(|zone| PathBuf::from(zone.strip_prefix(':').unwrap_or(&zone)));
    let folder = std::env::var_os("TZDIR").map(PathBuf::from);
    zone.into_iter().chain(folder).filter(|path| path.is_absolute())
}
