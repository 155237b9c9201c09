//! An openrc file: lines of a shell that set the variables `OS_…`. Nothing is executed.

use std::collections::BTreeMap;

use fencebox_login_files::variables;
use fencebox_sdk::files;
use fencebox_sdk::prelude::*;

use crate::settings::Words;

const OPTION: &str = "openrc";

/// The variables of the file in the option, by the names of clouds.yaml.
pub(crate) fn read() -> Result<Words> {
    let content = files::read(OPTION).map_err(Error::from)?;
    let variables = variables::parse(&content);
    let variables = variables.map_err(|malformed| Error::invalid_option(OPTION, malformed.to_string()))?;
    Ok(words(variables))
}

fn words(variables: BTreeMap<String, String>) -> Words {
    let setting = |(variable, value): (String, String)| {
        let name = variable.strip_prefix("OS_")?.to_ascii_lowercase();
        let name = match name.as_str() {
            // The names before projects.
            "tenant_name" => "project_name".to_owned(),
            "tenant_id" => "project_id".to_owned(),
            _ => name,
        };
        Some((name, value))
    };
    // The last one counts: project_name before tenant_name.
    variables.into_iter().rev().filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_the_names_of_clouds_yaml() {
        let variables = [
            ("OS_AUTH_URL", "https://cloud.example"),
            ("OS_PROJECT_NAME", "ops"),
            ("OS_TENANT_ID", "42"),
            ("OS_TENANT_NAME", "old"),
            ("PS1", "x"),
        ];
        let wanted = [
            ("auth_url", "https://cloud.example"),
            ("project_id", "42"),
            ("project_name", "ops"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        assert_eq!(words(variables.map(owned).into()), wanted.map(owned).into());
    }
}
