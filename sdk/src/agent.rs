//! Builders for the description of an agent. They create the records of the
//! contract, whose fields are public.

use crate::{
    Agent, Capabilities, Endpoint, File, FileAccess, FileKind, Operations, OptionOverride, Parameter, Socket, Symlink,
};

impl Agent {
    /// An agent called `name` (`fence_pve`), with a description of one line. It
    /// has no options and no capabilities, and can switch on and off.
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

    /// What the agent does and needs, in one paragraph.
    #[must_use]
    pub fn longdesc(mut self, text: impl Into<String>) -> Self {
        self.longdesc = text.into();
        self
    }

    /// The URL of the vendor's page about the device.
    #[must_use]
    pub fn vendor_url(mut self, url: impl Into<String>) -> Self {
        self.vendor_url = url.into();
        self
    }

    /// The permissions that an account on the device needs for fencing, one per
    /// line, in the device's own notation.
    #[must_use]
    pub fn rights<R: Into<String>>(mut self, rights: impl IntoIterator<Item = R>) -> Self {
        self.rights.extend(rights.into_iter().map(Into::into));
        self
    }

    /// Another name that [`crate::Device::describe`] accepts.
    #[must_use]
    pub fn symlink(mut self, name: impl Into<String>, shortdesc: impl Into<String>) -> Self {
        self.symlinks.push(Symlink {
            name: name.into(),
            shortdesc: shortdesc.into(),
            hidden: false,
        });
        self
    }

    /// Another name that is not in the metadata, because under that name the
    /// plugin describes another agent.
    #[must_use]
    pub fn hidden_symlink(mut self, name: impl Into<String>, shortdesc: impl Into<String>) -> Self {
        self.symlinks.push(Symlink {
            name: name.into(),
            shortdesc: shortdesc.into(),
            hidden: true,
        });
        self
    }

    /// Options from the host's catalog, by canonical name. The host adds the
    /// options that depend on them, such as `password_script`.
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

    /// The default of an option of the catalog for this device.
    #[must_use]
    pub fn default(mut self, option: &str, value: impl Into<String>) -> Self {
        self.override_of(option).default = Some(value.into());
        self
    }

    /// Whether an option of the catalog is required.
    #[must_use]
    pub fn required(mut self, option: &str, required: bool) -> Self {
        self.override_of(option).required = Some(required);
        self
    }

    /// The description of an option of the catalog for this device, in one
    /// line.
    #[must_use]
    pub fn meaning(mut self, option: &str, shortdesc: impl Into<String>) -> Self {
        self.override_of(option).shortdesc = Some(shortdesc.into());
        self
    }

    /// The letter of an option of the catalog: `letter("proxy", 'x')` for `-x`.
    #[must_use]
    pub fn letter(mut self, option: &str, letter: char) -> Self {
        self.override_of(option).letter = Some(letter);
        self
    }

    /// Adds operations that the device supports, and special properties.
    #[must_use]
    pub fn operations(mut self, operations: Operations) -> Self {
        self.operations |= operations;
        self
    }

    /// Declares an endpoint. The host denies requests to any other.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.capabilities.endpoints.push(endpoint);
        self
    }

    /// Declares the file or folder that this option names: see
    /// [`crate::files`]. The host denies access to any other.
    #[must_use]
    pub fn file(mut self, option: impl Into<String>, kind: FileKind, access: FileAccess) -> Self {
        self.capabilities.files.push(File {
            option_name: option.into(),
            kind,
            access,
            fallbacks: Vec::new(),
        });
        self
    }

    /// Absolute paths of the declared file in `option` for the case that the
    /// option has no value: the first that exists. Only for reading.
    #[must_use]
    pub fn file_fallbacks<P: Into<String>>(mut self, option: &str, paths: impl IntoIterator<Item = P>) -> Self {
        let mut files = self.capabilities.files.iter_mut();
        if let Some(file) = files.find(|file| file.option_name == option) {
            file.fallbacks.extend(paths.into_iter().map(Into::into));
        }
        self
    }

    /// Declares the peer of sockets of the standard library. The host denies
    /// any other.
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
    fn builders_set_every_field_of_an_agent() {
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
                access: FileAccess::Write,
                fallbacks: Vec::new(),
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
