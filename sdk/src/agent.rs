//! Builders for what a plugin says about itself. The records are those of the
//! contract, so that nothing it can say is out of reach.

use crate::{
    Agent, Capabilities, Endpoint, File, FileAccess, FileKind, Operations, OptionOverride, Parameter, Socket, Symlink,
};

impl Agent {
    /// An agent called `name` (`fence_pve`), with one line about it. It has no
    /// options, reaches nothing, and can at least switch on and off.
    #[must_use]
    pub fn new(name: impl Into<String>, shortdesc: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            shortdesc: shortdesc.into(),
            longdesc: String::new(),
            vendor_url: String::new(),
            rights: Vec::new(),
            symlinks: Vec::new(),
            options: Vec::new(),
            parameters: Vec::new(),
            overrides: Vec::new(),
            operations: Operations::empty(),
            capabilities: Capabilities {
                endpoints: Vec::new(),
                files: Vec::new(),
                sockets: Vec::new(),
            },
        }
    }

    /// What it does and needs, in a paragraph.
    #[must_use]
    pub fn longdesc(mut self, text: impl Into<String>) -> Self {
        self.longdesc = text.into();
        self
    }

    /// Where the vendor describes the device.
    #[must_use]
    pub fn vendor_url(mut self, url: impl Into<String>) -> Self {
        self.vendor_url = url.into();
        self
    }

    /// What an account on the device has to be allowed for fencing, one line
    /// each, as the device itself writes it.
    #[must_use]
    pub fn rights<R: Into<String>>(mut self, rights: impl IntoIterator<Item = R>) -> Self {
        self.rights.extend(rights.into_iter().map(Into::into));
        self
    }

    /// A further name that [`crate::Device::describe`] answers to.
    #[must_use]
    pub fn symlink(mut self, name: impl Into<String>, shortdesc: impl Into<String>) -> Self {
        self.symlinks.push(Symlink {
            name: name.into(),
            shortdesc: shortdesc.into(),
            hidden: false,
        });
        self
    }

    /// The same, but not in metadata: under that name it is another agent.
    #[must_use]
    pub fn hidden_symlink(mut self, name: impl Into<String>, shortdesc: impl Into<String>) -> Self {
        self.symlinks.push(Symlink {
            name: name.into(),
            shortdesc: shortdesc.into(),
            hidden: true,
        });
        self
    }

    /// Options out of the host's catalogue, by canonical name. The host adds
    /// those that depend on them, such as `password_script`.
    #[must_use]
    pub fn options<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.options.extend(names.into_iter().map(Into::into));
        self
    }

    /// An option that only this device has.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Another default for an option of the catalogue.
    #[must_use]
    pub fn default(mut self, option: &str, value: impl Into<String>) -> Self {
        self.override_of(option).default = Some(value.into());
        self
    }

    /// Whether the action fails without this option of the catalogue.
    #[must_use]
    pub fn required(mut self, option: &str, required: bool) -> Self {
        self.override_of(option).required = Some(required);
        self
    }

    /// What this option of the catalogue means for this device, in one line.
    #[must_use]
    pub fn meaning(mut self, option: &str, shortdesc: impl Into<String>) -> Self {
        self.override_of(option).shortdesc = Some(shortdesc.into());
        self
    }

    /// A letter for an option of the catalogue: `-x` is `letter("proxy", 'x')`.
    #[must_use]
    pub fn letter(mut self, option: &str, letter: char) -> Self {
        self.override_of(option).letter = Some(letter);
        self
    }

    /// What the device can do, and what is unusual about it; adds to what was
    /// said before.
    #[must_use]
    pub fn operations(mut self, operations: Operations) -> Self {
        self.operations |= operations;
        self
    }

    /// A service that the plugin reaches. It reaches no other.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.capabilities.endpoints.push(endpoint);
        self
    }

    /// The file or folder that this option names: see [`crate::files`]. The
    /// plugin reaches no other.
    #[must_use]
    pub fn file(mut self, option: impl Into<String>, kind: FileKind, access: FileAccess) -> Self {
        self.capabilities.files.push(File {
            option_name: option.into(),
            kind,
            access,
        });
        self
    }

    /// What sockets of the standard library may reach. They reach nothing else.
    #[must_use]
    pub fn socket(mut self, socket: Socket) -> Self {
        self.capabilities.sockets.push(socket);
        self
    }

    fn override_of(&mut self, option: &str) -> &mut OptionOverride {
        let known = self.overrides.iter().position(|change| change.name == option);
        let index = known.unwrap_or_else(|| {
            self.overrides.push(OptionOverride {
                name: option.to_owned(),
                default: None,
                required: None,
                shortdesc: None,
                letter: None,
            });
            self.overrides.len() - 1
        });
        &mut self.overrides[index]
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::{File, OptionOverride, Symlink};

    #[test]
    fn an_agent_says_all_of_the_record() {
        let agent = Agent::new("fence_x", "an x")
            .longdesc("long")
            .vendor_url("https://x.example")
            .rights(["GET /x", "POST /x"])
            .symlink("fence_y", "a y")
            .hidden_symlink("fence_z", "a z")
            .options(["ip", "plug"])
            .parameter(Parameter::text("account"))
            .operations(Operations::LIST_PLUGS)
            .operations(Operations::CYCLE)
            .endpoint(Endpoint::from_options("api"))
            .file("state", FileKind::File, FileAccess::Write);
        let symlinks = [("fence_y", "a y", false), ("fence_z", "a z", true)];
        assert_eq!(
            agent.symlinks,
            symlinks.map(|(name, shortdesc, hidden)| Symlink {
                name: name.into(),
                shortdesc: shortdesc.into(),
                hidden
            })
        );
        assert_eq!(agent.options, ["ip", "plug"]);
        assert_eq!(agent.operations, Operations::LIST_PLUGS | Operations::CYCLE);
        assert_eq!(agent.parameters.len(), 1);
        assert_eq!(agent.capabilities.endpoints.len(), 1);
        assert_eq!(
            agent.capabilities.files,
            [File {
                option_name: "state".into(),
                kind: FileKind::File,
                access: FileAccess::Write
            }]
        );
        assert_eq!(agent.rights, ["GET /x", "POST /x"]);
        assert_eq!((&*agent.longdesc, &*agent.vendor_url), ("long", "https://x.example"));
    }

    #[test]
    fn changes_of_one_option_are_one_override() {
        let agent = Agent::new("fence_x", "an x")
            .default("ipport", "8443")
            .letter("proxy", 'x')
            .required("ipport", false)
            .meaning("ipport", "Port of the API");
        assert_eq!(agent.overrides.len(), 2);
        assert_eq!(
            agent.overrides[0],
            OptionOverride {
                name: "ipport".into(),
                default: Some("8443".into()),
                required: Some(false),
                shortdesc: Some("Port of the API".into()),
                letter: None,
            }
        );
        assert_eq!(agent.overrides[1].letter, Some('x'));
    }
}
