//! Calls to the device, and its login.

use fencebox_sdk::http::Client;
use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

use crate::envelope::{self, compose, element, escaped};
use crate::fault::Failure;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "vsphere";
/// The version of the API: that of the oldest devices that this agent is for.
const VERSION: &str = "urn:vim25/6.5";

/// A managed object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    kind: String,
    id: String,
}

impl Reference {
    /// The managed object that an element names.
    pub(crate) fn of(element: &Element) -> Option<Self> {
        let (kind, id) = (element.attribute("type")?, element.text().trim());
        (!kind.is_empty() && !id.is_empty()).then(|| Self::new(kind, id))
    }

    pub(crate) fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }

    /// The reference, if it is one of this type.
    pub(crate) fn of_kind(self, kind: &str) -> Option<Self> {
        Some(self).filter(|own| own.kind == kind)
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The reference as an element.
    pub(crate) fn element(&self, name: &str) -> String {
        format!(
            "<{name} type=\"{}\">{}</{name}>",
            escaped(&self.kind),
            escaped(&self.id)
        )
    }
}

/// The managed objects of the device that calls are made to.
struct Services {
    root_folder: Reference,
    property_collector: Reference,
    session_manager: Reference,
    search_index: Reference,
    view_manager: Reference,
    authorization_manager: Option<Reference>,
}

/// One vCenter or ESXi host.
pub(crate) struct Vim {
    client: Client,
    services: Services,
    /// The parameters of a login.
    credentials: String,
    /// The key of the session, to log out from.
    session: Option<String>,
    /// The device has accepted this login, so that `NotAuthenticated` means that it has ended.
    may_log_in: bool,
    /// The view of all machines, which the device keeps until the session ends.
    view: Option<Reference>,
}

impl Vim {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let (username, password) = (options.required("username")?, options.required("password")?);
        let mut client = Client::new(ENDPOINT)
            .header("accept", "text/xml")
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", format!("\"{VERSION}\""))
            .cookies();
        let services = Services::read(&mut client).map_err(Failure::of_read)?;
        let mut vim = Self {
            client,
            services,
            credentials: element("userName", username) + &element("password", password),
            session: None,
            may_log_in: false,
            view: None,
        };
        vim.log_in()?;
        Ok(vim)
    }

    /// Calls a method of a managed object, and logs in once more if the session has ended. A call that was answered with
    /// `NotAuthenticated` had no effect.
    pub(crate) fn call(&mut self, method: &str, this: &Reference, parameters: &str) -> Result<Element, Failure> {
        match exchange(&mut self.client, method, this, parameters) {
            Err(Failure::Fault(fault)) if fault.kind() == "NotAuthenticated" && self.may_log_in => {
                log::info("the device no longer accepts the login of this session; logging in again");
                self.log_in()?;
                exchange(&mut self.client, method, this, parameters)
            }
            Ok(answer) => {
                self.may_log_in = true;
                Ok(answer)
            }
            failure => failure,
        }
    }

    pub(crate) fn call_collector(&mut self, method: &str, parameters: &str) -> Result<Element, Failure> {
        let collector = self.services.property_collector.clone();
        self.call(method, &collector, parameters)
    }

    pub(crate) fn call_index(&mut self, method: &str, parameters: &str) -> Result<Element, Failure> {
        let index = self.services.search_index.clone();
        self.call(method, &index, parameters)
    }

    /// A view of all machines.
    pub(crate) fn view(&mut self) -> Result<Reference, Failure> {
        if let Some(view) = &self.view {
            return Ok(view.clone());
        }
        let (manager, folder) = (self.services.view_manager.clone(), &self.services.root_folder);
        let parameters = folder.element("container") + "<type>VirtualMachine</type><recursive>true</recursive>";
        let answer = self.call("CreateContainerView", &manager, &parameters)?;
        let view = answer.child("returnval").and_then(Reference::of);
        let view = view.and_then(|view| view.of_kind("ContainerView"));
        let view = view.ok_or_else(|| Error::unexpected("CreateContainerView was answered without a view"))?;
        Ok(self.view.insert(view).clone())
    }

    /// Checks that the account may switch a machine. A device that does not answer that question is not an error.
    pub(crate) fn check_privileges(&mut self, machine: &Reference) -> Result<()> {
        let needed = ["VirtualMachine.Interact.PowerOff", "VirtualMachine.Interact.PowerOn"];
        let (Some(manager), Some(session)) = (self.services.authorization_manager.clone(), &self.session) else {
            return Ok(());
        };
        let privileges: String = needed.iter().map(|privilege| element("privId", privilege)).collect();
        let parameters = machine.element("entity") + &element("sessionId", session) + &privileges;
        match self.call("HasPrivilegeOnEntity", &manager, &parameters) {
            Ok(answer) => {
                let answers: Vec<&str> = answer.children("returnval").map(Element::text).collect();
                let is_missing = |(_, answer): &(&&str, &&str)| matches!(answer.trim(), "false" | "0");
                match needed.iter().zip(&answers).find(is_missing) {
                    Some((privilege, _)) if answers.len() == needed.len() => Err(Error::NotPermitted(format!(
                        "the account lacks {privilege} on the machine, so fencing would fail"
                    ))),
                    _ => Ok(()),
                }
            }
            Err(Failure::Fault(fault)) => {
                log::debug(format!("the privileges cannot be checked: {}", fault.text()));
                Ok(())
            }
            Err(Failure::Error(problem)) => Err(problem),
        }
    }

    fn log_in(&mut self) -> Result<()> {
        self.may_log_in = false;
        self.view = None;
        let manager = self.services.session_manager.clone();
        let answer = exchange(&mut self.client, "Login", &manager, &self.credentials);
        let key = answer.and_then(|answer| {
            let session = answer.child("returnval").and_then(|session| session.text_of("key"));
            let key = session.filter(|key| !key.is_empty()).map(str::to_owned);
            key.ok_or_else(|| Error::unexpected("the login was answered without a session").into())
        });
        match key {
            Ok(key) => {
                log::hide(&key);
                self.session = Some(key);
                Ok(())
            }
            Err(failure) => {
                // An answer that cannot be read may be that of a login.
                if matches!(failure, Failure::Error(Error::Unexpected(_))) {
                    self.log_out();
                }
                Err(failure.of_login())
            }
        }
    }

    /// Logs out: a device has a limited number of sessions.
    pub(crate) fn close(&mut self) {
        if self.session.take().is_some() {
            self.log_out();
        }
    }

    fn log_out(&mut self) {
        let manager = self.services.session_manager.clone();
        if let Err(failure) = exchange(&mut self.client, "Logout", &manager, "") {
            let problem = failure.of_read();
            log::info(format!(
                "the session stays open until the device ends it: {}",
                problem.text()
            ));
        }
    }
}

impl Services {
    /// Reads what the device has. This needs no login.
    fn read(client: &mut Client) -> Result<Self, Failure> {
        let instance = Reference::new("ServiceInstance", "ServiceInstance");
        let answer = exchange(client, "RetrieveServiceContent", &instance, "")?;
        let content = answer.child("returnval");
        let get = |name: &str| content.and_then(|content| Reference::of(content.child(name)?));
        let need = |name: &str| {
            get(name).ok_or_else(|| Error::unexpected(format!("the device reports that it has no {name}")))
        };
        Ok(Self {
            root_folder: need("rootFolder")?,
            property_collector: need("propertyCollector")?,
            session_manager: need("sessionManager")?,
            search_index: need("searchIndex")?,
            view_manager: need("viewManager")?,
            authorization_manager: get("authorizationManager"),
        })
    }
}

fn exchange(client: &mut Client, method: &str, this: &Reference, parameters: &str) -> Result<Element, Failure> {
    let call = compose(method, &(this.element("_this") + parameters));
    let answer = client.post("/sdk").body(call).send()?;
    envelope::read(method, &answer)
}
