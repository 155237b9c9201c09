//! Which files may contain secrets: those that only root and the agent's user can change and read
//! (`docs/pacemaker.md`, "Which files are accepted").
//!
//! A group may read the file if the agent is the only user in it: Kubernetes gives the files of a volume to a group of
//! the pod (`fsGroup`). Anyone may read it in a memory file system that is mounted read-only, as Kubernetes mounts
//! secrets: only the processes of one container can reach it.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, fgetxattr, fstatfs, fstatvfs};
use rustix::process::{getegid, getgroups};

use crate::user;

/// tmpfs and ramfs, statfs(2).
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// The access control list of a file, acl(5).
const LIST: &str = "system.posix_acl_access";
const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// Why a file cannot contain a secret, and the remedy. The text continues "option NAME is VALUE: ".
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("its owner and mode cannot be read ({0})")]
    Unexamined(io::Error),
    #[error("it is not a regular file; give the path of one")]
    Irregular,
    #[error("it belongs to user {0}, who could change it; chown it to root or to the user that runs the agent")]
    Owner(u32),
    #[error("others can change it (mode {mode:o}); {remedy}")]
    Writable { mode: u32, remedy: &'static str },
    #[error("others have access to it (mode {mode:o}); {remedy}")]
    Readable { mode: u32, remedy: &'static str },
    #[error("others have access to it (mode {mode:o}): {group}; {remedy}")]
    ReadableByGroup {
        mode: u32,
        group: GroupReason,
        remedy: &'static str,
    },
}

/// Why a group is not the agent's alone.
#[derive(Debug, thiserror::Error)]
pub(super) enum GroupReason {
    #[error("group {0} is not a group of the agent")]
    NotOwn(u32),
    #[error("it has an access control list")]
    AccessList,
    #[error("the users of its group are unknown ({path}: {cause})")]
    Unknown { path: &'static str, cause: io::Error },
    #[error("user {user} is in group {group} too")]
    Shared { user: String, group: u32 },
}

/// Checks the open file.
///
/// # Errors
///
/// The reason and the remedy, if another user can change the file or read it.
pub(super) fn check(file: &File) -> Result<(), Reason> {
    let about = file.metadata().map_err(Reason::Unexamined)?;
    if !about.is_file() {
        return Err(Reason::Irregular);
    }
    let (_, user) = user::real_and_effective();
    if about.uid() != 0 && about.uid() != user {
        return Err(Reason::Owner(about.uid()));
    }
    check_mode(&about, &Mount::of(file), |group| only_own(group, user, file))
}

/// The mount with the file.
#[derive(Clone, Copy)]
struct Mount {
    is_read_only: bool,
    is_memory: bool,
}

impl Mount {
    fn of(file: &File) -> Self {
        let kind = fstatfs(file).ok().and_then(|about| u64::try_from(about.f_type).ok());
        Self {
            is_read_only: fstatvfs(file).is_ok_and(|about| about.f_flag.contains(StatVfsMountFlags::RDONLY)),
            is_memory: kind.is_some_and(|kind| MEMORY.contains(&kind)),
        }
    }

    fn remedy(self) -> &'static str {
        if self.is_read_only {
            "the volume is read-only: give it mode 0400 where it is made (in Kubernetes defaultMode: 0400, and fsGroup)"
        } else {
            "chmod 600 it"
        }
    }
}

/// `own` checks whether the agent is the only user in a group.
fn check_mode(about: &Metadata, mount: &Mount, own: impl Fn(u32) -> Result<(), GroupReason>) -> Result<(), Reason> {
    let (mode, remedy) = (about.mode() & 0o7777, mount.remedy());
    if mode & 0o022 != 0 {
        return Err(Reason::Writable { mode, remedy });
    }
    if mode & 0o077 == 0 || mount.is_read_only && mount.is_memory {
        return Ok(());
    }
    if mode & 0o007 != 0 {
        return Err(Reason::Readable { mode, remedy });
    }
    own(about.gid()).map_err(|group| Reason::ReadableByGroup { mode, group, remedy })
}

/// Checks that the group with access to the file is one of this process, and has no other user.
fn only_own(group: u32, user: u32, file: &File) -> Result<(), GroupReason> {
    let is_own =
        getegid().as_raw() == group || getgroups().is_ok_and(|groups| groups.iter().any(|own| own.as_raw() == group));
    if !is_own {
        return Err(GroupReason::NotOwn(group));
    }
    // The mode of such a file shows as the group's what the list gives to other users.
    if fgetxattr(file, LIST, &mut [0; 0]).is_ok() {
        return Err(GroupReason::AccessList);
    }
    let (users, groups) = (read(USERS)?, read(GROUPS)?);
    match other_member(group, user, &users, &groups) {
        Some(other) => Err(GroupReason::Shared {
            user: other.to_owned(),
            group,
        }),
        None => Ok(()),
    }
}

/// The text of a file with users or groups. A container may have none.
fn read(path: &'static str) -> Result<String, GroupReason> {
    match fs::read(Path::new(path)) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(cause) => Err(GroupReason::Unknown { path, cause }),
    }
}

/// A user in this group, other than root and `user`, by these texts in the formats of passwd(5) and group(5).
fn other_member<'a>(group: u32, user: u32, users: &'a str, groups: &'a str) -> Option<&'a str> {
    let users = users.lines().filter_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        Some((
            *fields.first()?,
            fields.get(2)?.parse::<u32>().ok()?,
            fields.get(3)?.parse::<u32>().ok()?,
        ))
    });
    let users: Vec<_> = users.collect();
    let is_other = |number: u32| number != 0 && number != user;
    let first = users
        .iter()
        .find(|(_, number, first)| *first == group && is_other(*number));
    let members = groups.lines().filter_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        let is_this = fields.get(2)?.parse::<u32>().ok()? == group;
        is_this.then(|| fields.get(3).copied().unwrap_or_default())
    });
    // A member without a row of its own is another user, who may come from elsewhere.
    let is_other_name = |name: &&str| {
        let number = users
            .iter()
            .find(|(known, ..)| known == name)
            .map(|(_, number, _)| *number);
        !name.is_empty() && *name != "root" && number.is_none_or(is_other)
    };
    let mut members = members.flat_map(|names| names.split(',')).map(str::trim);
    first.map(|(name, ..)| *name).or_else(|| members.find(is_other_name))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Metadata, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::{GroupReason, Mount, check_mode, other_member};

    const DISK: Mount = Mount {
        is_read_only: false,
        is_memory: false,
    };

    fn about(mode: u32) -> Metadata {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let file = File::create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        file.metadata().unwrap()
    }

    #[test]
    fn only_a_group_of_the_agent_alone_may_read() {
        let own = |_| Ok(());
        for mode in [0o400, 0o600, 0o440, 0o640, 0o750, 0o4700] {
            assert!(check_mode(&about(mode), &DISK, own).is_ok(), "{mode:o}");
        }
        for mode in [0o604, 0o644, 0o444, 0o601, 0o645] {
            let reason = check_mode(&about(mode), &DISK, own).unwrap_err();
            assert_eq!(
                reason.to_string(),
                format!("others have access to it (mode {mode:o}); chmod 600 it")
            );
        }
        for mode in [0o440, 0o640, 0o610] {
            let reason = check_mode(&about(mode), &DISK, |_| Err(GroupReason::NotOwn(5)));
            let reason = reason.unwrap_err().to_string();
            assert!(
                reason.contains("group 5") && reason.ends_with("; chmod 600 it"),
                "{reason}"
            );
        }
    }

    #[test]
    fn no_other_user_may_write_on_any_volume() {
        for mode in [0o602, 0o620, 0o660, 0o664, 0o666, 0o777] {
            for (is_read_only, is_memory) in [(false, false), (true, false), (false, true), (true, true)] {
                let mount = Mount {
                    is_read_only,
                    is_memory,
                };
                let reason = check_mode(&about(mode), &mount, |_| Ok(())).unwrap_err().to_string();
                assert!(
                    reason.starts_with(&format!("others can change it (mode {mode:o}); ")),
                    "{reason}"
                );
            }
        }
    }

    #[test]
    fn everyone_may_read_only_in_memory_that_is_read_only() {
        let refused = |group| Err(GroupReason::NotOwn(group));
        for (is_read_only, is_memory, remedy) in [
            (false, false, "chmod 600 it"),
            (false, true, "chmod 600 it"),
            (true, false, "defaultMode: 0400"),
        ] {
            for mode in [0o644, 0o444, 0o440] {
                let reason = check_mode(
                    &about(mode),
                    &Mount {
                        is_read_only,
                        is_memory,
                    },
                    refused,
                )
                .unwrap_err()
                .to_string();
                assert!(reason.contains(remedy), "{reason}");
            }
        }
        let secret = Mount {
            is_read_only: true,
            is_memory: true,
        };
        for mode in [0o644, 0o444, 0o440, 0o555] {
            assert!(check_mode(&about(mode), &secret, refused).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn a_group_has_the_users_of_both_files() {
        let users = "root:x:0:0::/root:/bin/sh\nfence:x:65532:65532::/:/bin/false\nbob:x:1000:1000::/:/bin/sh\n\
                     mail:x:8:8::/:/bin/false\nsync:x:5:0::/:/bin/sync\n#comment\n\n";
        let groups =
            "root:x:0:\nfence:x:65532:fence,root\nstaff:x:50:fence,bob\nremote:x:51:carol\nempty:x:52:\nx:x:y:z\n";
        for (group, other) in [
            (65532, None),
            (52, None),
            // Unknown here, as in a container.
            (2000, None),
            (0, Some("sync")),
            (50, Some("bob")),
            (1000, Some("bob")),
            (51, Some("carol")),
        ] {
            assert_eq!(other_member(group, 65532, users, groups), other, "{group}");
        }
        assert_eq!(other_member(65532, 1000, users, groups), Some("fence"));
        assert_eq!(other_member(65532, 65532, "", ""), None);
    }
}
