//! What a credential has to be allowed. Every request of this plugin names
//! its rule, so that a refusal can say which one is missing, and the list in
//! the documentation is complete.

use fencebox_sdk::http::Method;

use crate::kinds::Kind;
use Kind::{Cloud, Dedicated, Vps};
use Method::{Get, Post, Put};

/// A right: what an application key calls a rule, and a service account an
/// action of its policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// What needs it; none for `monitor`.
    pub(crate) kind: Option<Kind>,
    pub(crate) method: Method,
    /// Below `/1.0`, with `{name}` for the server's name, or for the project
    /// and the instance.
    pub(crate) path: &'static str,
    /// In an identity policy.
    pub(crate) action: &'static str,
    pub(crate) purpose: Purpose,
}

/// What a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Switching, and its status.
    Fencing,
    /// `list` and `list-status`.
    Listing,
    /// Where the option `project` is not given.
    Searching,
    /// `monitor`.
    Monitoring,
    /// Switching on what was shelved.
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

/// All of them, in the order of the documentation.
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
    /// As an access rule is written, for one `name` or for all by `*`.
    pub(crate) fn line(&self, name: &str) -> String {
        format!("{} {}", method_name(self.method), self.path_of(name))
    }

    /// Its path for one `name`.
    pub(crate) fn path_of(&self, name: &str) -> String {
        self.path.replace("{name}", name)
    }
}

/// What switching and its status need for one kind of service.
pub(crate) fn for_fencing(kind: Kind) -> impl Iterator<Item = &'static Rule> {
    let of_kind = move |rule: &&&Rule| rule.kind == Some(kind) && rule.purpose == Purpose::Fencing;
    ALL.iter().filter(of_kind).copied()
}

/// What an account needs, as `validate-all` and `inspect` say it: what the
/// right is for, the rule of a key, and the action of a policy.
pub(crate) fn rights() -> impl Iterator<Item = String> {
    let fencing = Kind::ALL.into_iter().flat_map(|kind| {
        let name = if kind == Cloud { "PROJECT" } else { "NAME" };
        for_fencing(kind).map(move |rule| format!("{}: {} ({})", kind.word(), rule.line(name), rule.action))
    });
    fencing.chain([format!("monitor: {}", CREDENTIAL.line(""))])
}

/// Whether a rule's path, in which `*` stands for anything, covers another:
/// a `*` of that one is only covered by a `*`.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
            let mut ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
            ends.any(|at| covers(rest, &path[at..]))
        }),
    }
}

/// The methods that are used, as HTTP spells them.
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
