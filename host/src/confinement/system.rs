//! Files that the C library reads in every run.

use std::path::PathBuf;

/// Files for time zones.
const TIME_ZONES: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
];

/// Files for name lookups: the configuration (glibc, musl, systemd, SUSE), the folders in which daemons replace the
/// target of the link `/etc/resolv.conf`, and the libraries that glibc loads for the services in `/etc/nsswitch.conf`.
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

/// Files about the machine, and the source of random numbers on kernels without a system call for them.
const MACHINE: &[&str] = &[
    "/dev/null",
    "/dev/urandom",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system/cpu",
];

/// The files that a run may read in addition to its own needs.
pub(super) fn files(names: bool) -> impl Iterator<Item = PathBuf> {
    let names = if names { NAMES } else { &[] };
    let fixed = TIME_ZONES.iter().chain(MACHINE).chain(names);
    fixed.map(PathBuf::from).chain(time_zone_by_environment())
}

/// Time zone files that the environment (`TZ`, `TZDIR`) names.
fn time_zone_by_environment() -> impl Iterator<Item = PathBuf> {
    let zone = std::env::var("TZ").ok();
    let zone = zone.map(|zone| PathBuf::from(zone.strip_prefix(':').unwrap_or(&zone)));
    let folder = std::env::var_os("TZDIR").map(PathBuf::from);
    zone.into_iter().chain(folder).filter(|path| path.is_absolute())
}
