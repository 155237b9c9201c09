//! The paths of the service: their steps for faults, and their names for access rules and identity policies.

/// One call of the service, with the variable parts of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Time,
    Token,
    RequestCredential,
    Credential,
    Me,
    Servers,
    Server(&'a str),
    Put(&'a str),
    Boots(&'a str),
    Boot(&'a str, &'a str),
    Reboot(&'a str),
    Tasks(&'a str),
    Task(&'a str, &'a str),
    AllVps,
    Vps(&'a str),
    VpsOperation(&'a str, &'a str),
    VpsTasks(&'a str),
    VpsTask(&'a str, &'a str),
    Projects,
    Project(&'a str),
    Instances(&'a str),
    Instance(&'a str, &'a str),
    InstanceOperation(&'a str, &'a str, &'a str),
}

impl<'a> Route<'a> {
    /// The call for a method and a path; `None` if the service has no such call. `/1.0` and `/v1` are the same.
    pub(super) fn of(method: &str, segments: &'a [String]) -> Option<Route<'a>> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let ("POST", ["auth", "oauth2", "token"]) = (method, &segments[..]) {
            return Some(Route::Token);
        }
        let (["1.0" | "v1"], rest) = segments.split_at_checked(1)? else {
            return None;
        };
        Some(match (method, rest) {
            ("GET", &["auth", "time"]) => Route::Time,
            ("POST", &["auth", "credential"]) => Route::RequestCredential,
            ("GET", &["auth", "currentCredential"]) => Route::Credential,
            ("GET", &["me"]) => Route::Me,
            ("GET", &["dedicated", "server"]) => Route::Servers,
            (_, &["dedicated", "server", id, ref rest @ ..]) => Route::of_server(method, id, rest)?,
            ("GET", &["vps"]) => Route::AllVps,
            (_, &["vps", id, ref rest @ ..]) => Route::of_vps(method, id, rest)?,
            ("GET", &["cloud", "project"]) => Route::Projects,
            ("GET", &["cloud", "project", project]) => Route::Project(project),
            ("GET", &["cloud", "project", project, "instance"]) => Route::Instances(project),
            ("GET", &["cloud", "project", project, "instance", id]) => Route::Instance(project, id),
            (
                "POST",
                &[
                    "cloud",
                    "project",
                    project,
                    "instance",
                    id,
                    operation @ ("stop" | "start" | "reboot"),
                ],
            ) => Route::InstanceOperation(project, id, operation),
            _ => return None,
        })
    }

    fn of_server(method: &str, id: &'a str, rest: &[&'a str]) -> Option<Route<'a>> {
        Some(match (method, rest) {
            ("GET", &[]) => Route::Server(id),
            ("PUT", &[]) => Route::Put(id),
            ("GET", &["boot"]) => Route::Boots(id),
            ("GET", &["boot", boot]) => Route::Boot(id, boot),
            ("POST", &["reboot"]) => Route::Reboot(id),
            ("GET", &["task"]) => Route::Tasks(id),
            ("GET", &["task", task]) => Route::Task(id, task),
            _ => return None,
        })
    }

    fn of_vps(method: &str, id: &'a str, rest: &[&'a str]) -> Option<Route<'a>> {
        Some(match (method, rest) {
            ("GET", &[]) => Route::Vps(id),
            ("POST", &[operation @ ("stop" | "start" | "reboot")]) => Route::VpsOperation(id, operation),
            ("GET", &["tasks"]) => Route::VpsTasks(id),
            ("GET", &["tasks", task]) => Route::VpsTask(id, task),
            _ => return None,
        })
    }

    /// The step of the grammar.
    pub(super) fn step(&self) -> &'static str {
        match self {
            Route::Time => "time",
            Route::Token => "token",
            Route::RequestCredential => "credential-request",
            Route::Credential => "credential",
            Route::Me => "me",
            Route::Servers => "servers",
            Route::Server(_) => "server",
            Route::Put(_) => "put",
            Route::Boots(_) => "boot",
            Route::Boot(..) => "boot-entry",
            Route::Reboot(_) => "reboot",
            Route::Tasks(_) => "tasks",
            Route::Task(..) => "task",
            Route::AllVps => "all-vps",
            Route::Vps(_) => "vps",
            Route::VpsOperation(..) => "vps-operation",
            Route::VpsTasks(_) => "vps-tasks",
            Route::VpsTask(..) => "vps-task",
            Route::Projects | Route::Project(_) => "projects",
            Route::Instances(_) => "instances",
            Route::Instance(..) => "instance",
            Route::InstanceOperation(..) => "instance-operation",
        }
    }

    /// The id of the machine in the path.
    pub(super) fn machine(&self) -> Option<&'a str> {
        match self {
            Route::Server(id) | Route::Put(id) | Route::Boots(id) | Route::Boot(id, _) | Route::Reboot(id) => Some(id),
            Route::Tasks(id) | Route::Task(id, _) => Some(id),
            Route::Vps(id) | Route::VpsOperation(id, _) | Route::VpsTasks(id) | Route::VpsTask(id, _) => Some(id),
            Route::Instance(_, id) | Route::InstanceOperation(_, id, _) => Some(id),
            _ => None,
        }
    }

    /// The name of the call in an identity policy.
    ///
    /// The names for dedicated servers and VPS are documented; those for lists and for Public Cloud follow the same
    /// pattern.
    pub(super) fn action(&self) -> String {
        match self {
            Route::Time | Route::Token | Route::RequestCredential => String::new(),
            Route::Credential => "account:apiovh:auth/currentCredential/get".into(),
            Route::Me => "account:apiovh:me/get".into(),
            Route::Servers | Route::Server(_) => "dedicatedServer:apiovh:get".into(),
            Route::Put(_) => "dedicatedServer:apiovh:put".into(),
            Route::Boots(_) | Route::Boot(..) => "dedicatedServer:apiovh:boot/get".into(),
            Route::Reboot(_) => "dedicatedServer:apiovh:reboot".into(),
            Route::Tasks(_) | Route::Task(..) => "dedicatedServer:apiovh:task/get".into(),
            Route::AllVps | Route::Vps(_) => "vps:apiovh:get".into(),
            Route::VpsOperation(_, operation) => format!("vps:apiovh:{operation}"),
            Route::VpsTasks(_) | Route::VpsTask(..) => "vps:apiovh:tasks/get".into(),
            Route::Projects | Route::Project(_) => "publicCloudProject:apiovh:get".into(),
            Route::Instances(_) | Route::Instance(..) => "publicCloudProject:apiovh:instance/get".into(),
            Route::InstanceOperation(_, _, operation) => format!("publicCloudProject:apiovh:instance/{operation}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_distinguished() {
        let step = |method: &str, path: &str| {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            Route::of(method, &segments).map(|route| route.step())
        };
        assert_eq!(step("GET", "1.0/auth/time"), Some("time"));
        assert_eq!(step("GET", "v1/dedicated/server/ns1"), Some("server"));
        assert_eq!(step("PUT", "1.0/dedicated/server/ns1"), Some("put"));
        assert_eq!(step("POST", "1.0/vps/v/stop"), Some("vps-operation"));
        assert_eq!(step("GET", "1.0/vps/v/stop"), None);
        assert_eq!(step("POST", "1.0/cloud/project/p/instance/i/shelve"), None);
        assert_eq!(step("GET", "v2/dedicated/server"), None);
        assert_eq!(step("GET", ""), None);
    }
}
