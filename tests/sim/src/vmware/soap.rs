//! The SOAP API: its objects, sessions and searches.

use super::document::{self, Call, Fault, Object, VERSIONS, WSDL, element};
use super::faults::SOAP;
use super::power::Pending;
use super::{Logins, Settings, Vm};
use crate::fault::{Grammar, Kind};
use crate::machine::Power;
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};

/// The service.
pub(super) struct Soap {
    pub(super) settings: Settings,
    pub(super) logins: Logins,
    pub(super) pending: Vec<Pending>,
    /// The number of tasks so far.
    pub(super) tasks: u64,
    /// The identifiers of the rest of a list, by token.
    pub(super) pages: Vec<(String, Vec<String>)>,
}

/// The content of a response, or a fault.
pub(super) type Outcome = Result<String, Fault>;

impl Protocol for Soap {
    fn grammar(&self) -> &'static Grammar {
        &SOAP
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        match (request.method.as_str(), request.path()) {
            ("GET", "/sdk/vimService.wsdl" | "/sdk/vimServiceVersions.xml") => return Some("other"),
            ("POST", "/sdk" | "/sdk/") => {}
            _ => return None,
        }
        let call = Call::read(&request.body)?;
        Some(match call.method.as_str() {
            "RetrieveServiceContent" => "content",
            "Login" => "login",
            "Logout" => "logout",
            "FindAllByUuid" | "FindByUuid" | "FindByInventoryPath" => "find",
            "CreateContainerView" => "view",
            "RetrievePropertiesEx" | "RetrieveProperties" => {
                match call.object("obj").map(|object| object.kind.as_str()) {
                    Some("ContainerView") => "list",
                    Some("Task") => "task",
                    _ => "record",
                }
            }
            "ContinueRetrievePropertiesEx" => "page",
            "PowerOnVM_Task" | "PowerOffVM_Task" => "power",
            "HasPrivilegeOnEntity" => "privileges",
            _ => "other",
        })
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        match (request.method.as_str(), request.path()) {
            ("GET", "/sdk/vimService.wsdl") => {
                let host = request.header("host").unwrap_or_default();
                return document::document(200, WSDL.replace("LOCATION", &format!("https://{host}/sdk")));
            }
            ("GET", "/sdk/vimServiceVersions.xml") => return document::document(200, VERSIONS),
            ("POST", "/sdk" | "/sdk/") => {}
            _ => return Answer::html(404, "404 Not Found"),
        }
        let Some(call) = Call::read(&request.body) else {
            return document::answer("", Err(Fault::new("InvalidRequest", "")), fault);
        };
        let mut cookie = None;
        let outcome = self.dispatch(device, &call, request, fault, &mut cookie);
        let Some(outcome) = outcome else {
            return Answer::html(503, "503 Service Unavailable");
        };
        let mut answer = document::answer(&call.method, outcome, fault);
        if let Some(token) = cookie {
            let cookie = format!("vmware_soap_session=\"{token}\"; Path=/; HttpOnly; Secure;");
            answer.headers.push(("set-cookie", cookie));
        }
        answer
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        let detail = element("reason", message);
        Answer {
            status,
            ..document::answer("", Err(Fault::new("SystemError", detail)), None)
        }
    }

    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins.opened,
            open: self.logins.open.len() as u64,
        }
    }
}

impl Soap {
    pub(super) fn new(settings: Settings) -> Soap {
        Soap {
            settings,
            logins: Logins::default(),
            pending: Vec::new(),
            tasks: 0,
            pages: Vec::new(),
        }
    }

    /// Answers a call; `None` if the service is not available.
    fn dispatch(
        &mut self,
        device: &mut Device,
        call: &Call,
        request: &Request,
        fault: Option<&Kind>,
        cookie: &mut Option<String>,
    ) -> Option<Outcome> {
        let word = fault.map_or("", Kind::word);
        let token = token(request);
        match call.method.as_str() {
            "RetrieveServiceContent" => return Some(Ok(self.content(word))),
            "Login" => {
                let most = if word == "limit" { 0 } else { self.settings.sessions };
                let expected = (self.settings.login.as_str(), self.settings.password.as_str());
                if (call.text("userName"), call.text("password")) != expected || word == "denied" {
                    return Some(Err(Fault::new("InvalidLogin", "")));
                }
                let token = self.logins.open(most)?;
                let key = if word == "no-key" { "" } else { &token };
                let session = element("key", key)
                    + &element("userName", call.text("userName"))
                    + "<fullName></fullName><loginTime>2026-01-01T00:00:00Z</loginTime>\
                       <lastActiveTime>2026-01-01T00:00:00Z</lastActiveTime><locale>en</locale>\
                       <messageLocale>en</messageLocale>";
                *cookie = Some(token.clone());
                return Some(Ok(format!("<returnval>{session}</returnval>")));
            }
            _ => {}
        }
        if word == "expired" {
            self.logins.open.clear();
        }
        if !self.logins.admit(token.as_deref(), self.settings.session_calls) {
            let object = call.this.clone().unwrap_or_default();
            let detail = object.element("object") + &element("privilegeId", "System.View");
            return Some(Err(Fault::new("NotAuthenticated", detail)));
        }
        Some(match call.method.as_str() {
            "Logout" => {
                self.logins.close(token.as_deref());
                Ok(String::new())
            }
            "FindByUuid" | "FindAllByUuid" | "FindByInventoryPath" => Ok(self.find(call, word)),
            "CreateContainerView" => Ok(Object::new("ContainerView", "session[1]view-1").element("returnval")),
            "RetrievePropertiesEx" | "RetrieveProperties" => self.retrieve(device, call, fault),
            "ContinueRetrievePropertiesEx" => self.page(device, call),
            "Fetch" => self.fetch(device, call),
            "PowerOnVM_Task" => self.power(device, call, &Power::On, word),
            "PowerOffVM_Task" => self.power(device, call, &Power::Off, word),
            "HasPrivilegeOnEntity" if word != "unknown" => {
                let answer = element("returnval", if word == "lacking" { "false" } else { "true" });
                Ok(answer.repeat(call.texts("privId").count()))
            }
            _ => Err(Fault::new("MethodNotFound", "")),
        })
    }

    /// The managed objects that calls are made to.
    fn content(&self, word: &str) -> String {
        let is_esxi = self.settings.is_esxi;
        let objects = [
            ("rootFolder", "Folder", "group-d1", "ha-folder-root"),
            (
                "propertyCollector",
                "PropertyCollector",
                "propertyCollector",
                "ha-property-collector",
            ),
            ("viewManager", "ViewManager", "ViewManager", "ViewManager"),
            ("sessionManager", "SessionManager", "SessionManager", "ha-sessionmgr"),
            (
                "authorizationManager",
                "AuthorizationManager",
                "AuthorizationManager",
                "ha-authmgr",
            ),
            ("searchIndex", "SearchIndex", "SearchIndex", "ha-searchindex"),
        ];
        let about = format!(
            "<about><name>VMware simulated</name><fullName>VMware simulated 6.5.0</fullName><vendor>VMware, Inc.</vendor>\
             <version>6.5.0</version><build>1</build><osType>linux-x64</osType><productLineId>vpx</productLineId>\
             <apiType>{}</apiType><apiVersion>6.5</apiVersion></about>",
            if is_esxi { "HostAgent" } else { "VirtualCenter" }
        );
        let mut content = String::new();
        for (name, kind, vcenter, esxi) in objects {
            if word == "no-search" && name == "searchIndex" {
                continue;
            }
            content += &Object::new(kind, if is_esxi { esxi } else { vcenter }).element(name);
            if name == "viewManager" {
                content += &about;
            }
        }
        format!("<returnval>{content}</returnval>")
    }

    fn find(&self, call: &Call, word: &str) -> String {
        let is_instance = ["true", "1"].contains(&call.text("instanceUuid"));
        let is_path = call.method == "FindByInventoryPath";
        let path = call.text("inventoryPath");
        let path = path.strip_prefix('/').unwrap_or(path);
        let uuid = call.text("uuid").to_ascii_lowercase();
        let fits = |vm: &&Vm| match (is_path, is_instance) {
            (true, _) => format!("{}/{}", vm.folder, vm.name()) == path,
            (false, true) => vm.instance_uuid() == uuid,
            (false, false) => vm.uuid() == uuid,
        };
        let is_other = |vm: &&Vm| !fits(vm) && *vm.machine.power() == Power::Off && !vm.is_template;
        let most = if call.method == "FindAllByUuid" { usize::MAX } else { 1 };
        let found: Vec<&Vm> = match word {
            "none" => Vec::new(),
            "folder" => return Object::new("Folder", "group-v3").element("returnval"),
            "other-vm" => self.settings.vms.iter().filter(is_other).take(1).collect(),
            _ => self.settings.vms.iter().filter(fits).take(most).collect(),
        };
        let references = found
            .iter()
            .map(|vm| Object::new("VirtualMachine", vm.machine.id()).element("returnval"));
        references.collect()
    }
}

/// The session in the cookies of a request.
fn token(request: &Request) -> Option<String> {
    let mut cookies = request.header("cookie")?.split(';');
    let token = cookies.find_map(|cookie| cookie.trim().strip_prefix("vmware_soap_session="))?;
    Some(token.trim_matches('"').to_owned())
}
