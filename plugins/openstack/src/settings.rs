//! The login and the place of the cloud, from the options, clouds.yaml or an
//! openrc file.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use crate::{clouds, openrc};

/// Settings in a file, by the names that clouds.yaml uses.
pub(crate) type Words = BTreeMap<String, String>;

/// Everything that the login needs.
pub(crate) struct Settings {
    /// The URL of the identity service, if it is in a file.
    pub(crate) file_url: Option<String>,
    /// The body of the login.
    pub(crate) login: Value,
    pub(crate) region: Option<String>,
    pub(crate) interface: String,
    pub(crate) has_compute_url: bool,
    /// What the administrator may have forgotten.
    pub(crate) advice: Option<String>,
}

/// The options, and the file that goes before them.
struct Sources<'o> {
    options: &'o Options,
    file: Words,
    /// The option that names the file, for messages.
    place: &'static str,
}

impl Settings {
    pub(crate) fn read(options: &Options) -> Result<Self> {
        let (file, place) = match (options.get("cloud"), options.get("openrc")) {
            (Some(cloud), _) => (clouds::read(cloud)?, "cloud"),
            (None, Some(_)) => (openrc::read()?, "openrc"),
            (None, None) => (Words::new(), "auth_url"),
        };
        for secret in ["password", "application_credential_secret"] {
            if let Some(secret) = file.get(secret) {
                log::hide(secret);
            }
        }
        let sources = Sources { options, file, place };
        let file_url = sources.file_url()?;
        Ok(Self {
            advice: sources.advice(),
            login: sources.login()?,
            region: options
                .get("region_name")
                .or_else(|| sources.in_file("region_name"))
                .map(str::to_owned),
            interface: sources.interface()?,
            has_compute_url: options.get("compute_url").is_some(),
            file_url,
        })
    }
}

impl Sources<'_> {
    fn in_file(&self, name: &str) -> Option<&str> {
        self.file.get(name).map(String::as_str).filter(|word| !word.is_empty())
    }

    /// The value of the file, or else of the option.
    fn get(&self, name: &str) -> Option<&str> {
        self.in_file(name).or_else(|| self.options.get(name))
    }

    fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            if self.place == "auth_url" {
                Error::invalid_option(
                    name,
                    "is required, unless cloud or openrc names a file that contains it",
                )
            } else {
                Error::invalid_option(self.place, format!("has no {name}; add it there, or set option {name}"))
            }
        })
    }

    /// The URL in the file. If the options have one too, it has to be the same.
    fn file_url(&self) -> Result<Option<String>> {
        let bare = |url: &str| url.trim_end_matches('/').to_owned();
        match (self.in_file("auth_url"), self.options.get("auth_url")) {
            (Some(url), Some(given)) if bare(url) != bare(given) => Err(Error::invalid_option(
                "auth_url",
                format!("is not the URL of option {}; omit one of them", self.place),
            )),
            (url, None) => self.required("auth_url").map(|_| url.map(str::to_owned)),
            _ => Ok(None),
        }
    }

    /// What a file cannot decide: which certificates are trusted.
    fn advice(&self) -> Option<String> {
        let options = ["ca_file", "ssl_fingerprint", "ssl_insecure"];
        let word = |name: &str| self.in_file(name).unwrap_or_default().to_ascii_lowercase();
        if options.iter().any(|name| self.options.get(name).is_some()) {
            None
        } else if let Some(path) = self.in_file("cacert") {
            let path = excerpt(path);
            Some(format!("the file's cacert is not used; set option cacert to {path}"))
        } else if word("verify") == "false" || ["true", "1"].contains(&word("insecure").as_str()) {
            let text = "the file accepts any certificate, the agent does not; set option cacert or ssl_insecure";
            Some(text.to_owned())
        } else {
            None
        }
    }

    fn interface(&self) -> Result<String> {
        let word = self.options.get("interface").or_else(|| self.in_file("interface"));
        let word = word.or_else(|| self.in_file("endpoint_type")).unwrap_or("public");
        // The older form is publicURL.
        let word = word.strip_suffix("URL").unwrap_or(word);
        if ["public", "internal", "admin"].contains(&word) {
            Ok(word.to_owned())
        } else {
            Err(Error::invalid_option(
                self.place,
                "the interface has to be public, internal or admin",
            ))
        }
    }

    /// The body of the login.
    fn login(&self) -> Result<Value> {
        let kind = self.in_file("auth_type").unwrap_or_default().replace(['_', '-'], "");
        let has_credential = self.get("application_credential_id").is_some();
        match kind.strip_prefix("v3").unwrap_or(&kind) {
            "applicationcredential" => self.credential(),
            "" if has_credential => self.credential(),
            "" | "password" => self.password(),
            _ => Err(Error::invalid_option(
                self.place,
                "has an auth_type other than password and v3applicationcredential; use one of them",
            )),
        }
    }

    /// An application credential has its own project.
    fn credential(&self) -> Result<Value> {
        let credential = json!({
            "id": self.required("application_credential_id")?,
            "secret": self.required("application_credential_secret")?,
        });
        Ok(json!({ "auth": { "identity": {
            "methods": ["application_credential"],
            "application_credential": credential,
        } } }))
    }

    fn password(&self) -> Result<Value> {
        let mut user = match self.in_file("user_id") {
            Some(id) => json!({ "id": id }),
            None => json!({ "name": self.required("username")?, "domain": self.domain("user") }),
        };
        user["password"] = json!(self.required("password")?);
        let project = match self.in_file("project_id") {
            Some(id) => json!({ "id": id }),
            None => json!({ "name": self.required("project_name")?, "domain": self.domain("project") }),
        };
        Ok(json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "project": project },
        } }))
    }

    /// The domain of the user or of the project.
    fn domain(&self, of: &str) -> Value {
        let names = [format!("{of}_domain_name"), format!("{of}_domain_id")];
        if let (None, Some(id)) = (self.in_file(&names[0]), self.in_file(&names[1])) {
            return json!({ "id": id });
        }
        json!({ "name": self.get(&names[0]).unwrap_or("Default") })
    }
}
