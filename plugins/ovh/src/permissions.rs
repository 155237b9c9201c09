//! The permissions that the credentials need. Every request of this plugin names
//! its rule, so that an error can name the missing rule, and a test can compare
//! the list with the documentation.

use fencebox_sdk::http::Method;

use crate::kinds::Kind;
use Kind::{Cloud, Dedicated, Vps};
use Method::{Get, Post, Put};

/// A permission: a rule of a consumer key, or an action in the policy of a
/// service account.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The kind of service that needs it; `None` for `monitor`.
    pub(crate) kind: Option<Kind>,
    pub(crate) method: Method,
    /// Below `/1.0`. `{name}` stands for the server's name, or for the project of an
    /// instance.
    pub(crate) path: &'static str,
    /// The action in an IAM policy.
    pub(crate) action: &'static str,
    pub(crate) purpose: Purpose,
}

/// The purpose of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Switching, and reading the status.
    Fencing,
    /// `list` and `list-status`.
    Listing,
    /// Finding an instance without the option `project`.
    Searching,
    /// `monitor`.
    Monitoring,
    /// Switching on a shelved instance.
    Unshelving,
}

const fn rule(kind: Kind, method: Method, path: &'static str, action: &'static str, purpose: Purpose) -> Rule {
    Rule {
        kind: Some(kind),
        method,
        path,
        action,
        purpose,
    }
}

pub(crate) static CREDENTIAL: Rule = Rule {
    kind: None,
    method: Get,
    path: "/auth/currentCredential",
    action: "",
    purpose: Purpose::Monitoring,
};

pub(crate) static SERVER: Rule = rule(
    Dedicated,
    Get,
    "/dedicated/server/{name}",
    "dedicatedServer:apiovh:get",
    Purpose::Fencing,
);
pub(crate) static SERVER_PUT: Rule = rule(
    Dedicated,
    Put,
    "/dedicated/server/{name}",
    "dedicatedServer:apiovh:put",
    Purpose::Fencing,
);
pub(crate) static BOOTS: Rule = rule(
    Dedicated,
    Get,
    "/dedicated/server/{name}/boot",
    "dedicatedServer:apiovh:boot/get",
    Purpose::Fencing,
);
pub(crate) static BOOT: Rule = rule(
    Dedicated,
    Get,
    "/dedicated/server/{name}/boot/*",
    "dedicatedServer:apiovh:boot/get",
    Purpose::Fencing,
);
pub(crate) static REBOOT: Rule = rule(
    Dedicated,
    Post,
    "/dedicated/server/{name}/reboot",
    "dedicatedServer:apiovh:reboot",
    Purpose::Fencing,
);
pub(crate) static TASKS: Rule = rule(
    Dedicated,
    Get,
    "/dedicated/server/{name}/task",
    "dedicatedServer:apiovh:task/get",
    Purpose::Fencing,
);
pub(crate) static TASK: Rule = rule(
    Dedicated,
    Get,
    "/dedicated/server/{name}/task/*",
    "dedicatedServer:apiovh:task/get",
    Purpose::Fencing,
);
pub(crate) static SERVERS: Rule = rule(
    Dedicated,
    Get,
    "/dedicated/server",
    "dedicatedServer:apiovh:get",
    Purpose::Listing,
);

pub(crate) static VPS: Rule = rule(Vps, Get, "/vps/{name}", "vps:apiovh:get", Purpose::Fencing);
pub(crate) static VPS_STOP: Rule = rule(Vps, Post, "/vps/{name}/stop", "vps:apiovh:stop", Purpose::Fencing);
pub(crate) static VPS_START: Rule = rule(Vps, Post, "/vps/{name}/start", "vps:apiovh:start", Purpose::Fencing);
pub(crate) static VPS_REBOOT: Rule = rule(Vps, Post, "/vps/{name}/reboot", "vps:apiovh:reboot", Purpose::Fencing);
pub(crate) static VPS_TASKS: Rule = rule(Vps, Get, "/vps/{name}/tasks", "vps:apiovh:tasks/get", Purpose::Fencing);
pub(crate) static VPS_TASK: Rule = rule(
    Vps,
    Get,
    "/vps/{name}/tasks/*",
    "vps:apiovh:tasks/get",
    Purpose::Fencing,
);
pub(crate) static ALL_VPS: Rule = rule(Vps, Get, "/vps", "vps:apiovh:get", Purpose::Listing);

pub(crate) static INSTANCES: Rule = rule(
    Cloud,
    Get,
    "/cloud/project/{name}/instance",
    "publicCloudProject:apiovh:instance/get",
    Purpose::Fencing,
);
pub(crate) static INSTANCE: Rule = rule(
    Cloud,
    Get,
    "/cloud/project/{name}/instance/*",
    "publicCloudProject:apiovh:instance/get",
    Purpose::Fencing,
);
pub(crate) static INSTANCE_STOP: Rule = rule(
    Cloud,
    Post,
    "/cloud/project/{name}/instance/*/stop",
    "publicCloudProject:apiovh:instance/stop",
    Purpose::Fencing,
);
pub(crate) static INSTANCE_START: Rule = rule(
    Cloud,
    Post,
    "/cloud/project/{name}/instance/*/start",
    "publicCloudProject:apiovh:instance/start",
    Purpose::Fencing,
);
pub(crate) static INSTANCE_REBOOT: Rule = rule(
    Cloud,
    Post,
    "/cloud/project/{name}/instance/*/reboot",
    "publicCloudProject:apiovh:instance/reboot",
    Purpose::Fencing,
);
pub(crate) static INSTANCE_UNSHELVE: Rule = rule(
    Cloud,
    Post,
    "/cloud/project/{name}/instance/*/unshelve",
    "publicCloudProject:apiovh:instance/unshelve",
    Purpose::Unshelving,
);
pub(crate) static PROJECTS: Rule = rule(
    Cloud,
    Get,
    "/cloud/project",
    "publicCloudProject:apiovh:get",
    Purpose::Searching,
);

/// All rules, in the order of the documentation.
pub(crate) static ALL: [&Rule; 23] = [
    &CREDENTIAL,
    &SERVER,
    &SERVER_PUT,
    &BOOTS,
    &BOOT,
    &REBOOT,
    &TASKS,
    &TASK,
    &SERVERS,
    &VPS,
    &VPS_STOP,
    &VPS_START,
    &VPS_REBOOT,
    &VPS_TASKS,
    &VPS_TASK,
    &ALL_VPS,
    &INSTANCES,
    &INSTANCE,
    &INSTANCE_STOP,
    &INSTANCE_START,
    &INSTANCE_REBOOT,
    &INSTANCE_UNSHELVE,
    &PROJECTS,
];

impl Rule {
    /// The rule as an access rule is written, for one `name`, or for all names with `*`.
    pub(crate) fn line(&self, name: &str) -> String {
        format!("{} {}", method_name(self.method), self.path_of(name))
    }

    /// Its path for one `name`.
    pub(crate) fn path_of(&self, name: &str) -> String {
        self.path.replace("{name}", name)
    }
}

/// The rules for switching one kind of service and reading its status.
pub(crate) fn for_fencing(kind: Kind) -> impl Iterator<Item = &'static Rule> {
    let of_kind = move |rule: &&&Rule| rule.kind == Some(kind) && rule.purpose == Purpose::Fencing;
    ALL.iter().filter(of_kind).copied()
}

/// The permissions that an account needs, as `validate-all` and `inspect` show them:
/// the kind of service, the rule of a key, and the action in a policy.
pub(crate) fn rights() -> impl Iterator<Item = String> {
    let fencing = Kind::ALL.into_iter().flat_map(|kind| {
        let name = if kind == Cloud { "PROJECT" } else { "NAME" };
        for_fencing(kind).map(move |rule| format!("{}: {} ({})", kind.word(), rule.line(name), rule.action))
    });
    fencing.chain([format!("monitor: {}", CREDENTIAL.line(""))])
}

/// Whether a rule's path, in which `*` matches anything, covers another path.
/// Only a `*` covers a `*` of the other path.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
            let mut ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
            ends.any(|at| covers(rest, &path[at..]))
        }),
    }
}

/// The name of a method in HTTP.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Get => "GET",
        Put => "PUT",
        Post => "POST",
        Method::Head => "HEAD",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_covers_anything_and_itself() {
        for (pattern, path) in [("/*", "/vps"), ("/a/*/c", "/a/b/b/c"), ("/a", "/a"), ("/a/*", "/a/b/*")] {
            assert!(covers(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/a", "/a/b"),
            ("/a/*", "/a"),
            ("/a/b", "/a/*"),
            ("", "/"),
            ("/a/*/c", "/a/b/d"),
        ] {
            assert!(!covers(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn the_documentation_has_each_rule() {
        let page = include_str!("../../../docs/ovh.md");
        for rule in super::ALL {
            let line = rule.line("NAME");
            let line = if rule.kind == Some(super::Cloud) {
                line.replace("NAME", "PROJECT")
            } else {
                line
            };
            assert!(page.lines().any(|own| own.trim() == line), "{line}");
            assert!(page.contains(rule.action), "{}", rule.action);
        }
    }
}
