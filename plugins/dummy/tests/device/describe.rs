//! The description of the agent under each name.

use fence_dummy::Dummy;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing;

fn shown(agent: &Agent) -> Vec<&str> {
    let shown = agent.parameters.iter().filter(|parameter| !parameter.hidden);
    shown.map(|parameter| parameter.name.as_str()).collect()
}

#[test]
fn the_main_name_documents_what_the_python_agent_has() {
    let agent = testing::describe::<Dummy>("fence_dummy");
    assert_eq!(shown(&agent), ["status_file", "random_sleep_range", "type"]);
    assert!(agent.options.is_empty(), "no plug: it has one machine");
    assert!(agent.symlinks.iter().all(|link| link.hidden));
    let hidden = |name: &str| {
        agent
            .parameters
            .iter()
            .any(|parameter| parameter.name == name && parameter.hidden)
    };
    assert!(hidden("request_path") && hidden("mode") && hidden("monitor_mode"));
    // Without `mode` the agent uses `type`.
    let mode = agent.parameters.iter().find(|parameter| parameter.name == "mode");
    assert_eq!(mode.and_then(|mode| mode.default.clone()), None);
}

#[test]
fn each_symlink_has_a_description_of_its_own() {
    let names = testing::describe::<Dummy>("fence_dummy").symlinks;
    assert_eq!(names.len(), 6);
    for link in names {
        let agent = testing::describe::<Dummy>(&link.name);
        assert_eq!((&agent.name, &agent.shortdesc), (&link.name, &link.shortdesc));
        assert_eq!(agent.options, ["plug"]);
        assert_eq!(shown(&agent).len(), agent.parameters.len(), "nothing is hidden");
        assert!(agent.operations.contains(Operations::PLUG_OPTIONAL));
    }
}

#[test]
fn names_for_pacemakers_tests_differ_in_one_operation() {
    for (name, operation) in [
        ("fence_dummy_on_target", Operations::ON_TARGET),
        ("fence_dummy_auto_unfence", Operations::AUTOMATIC_ON),
        ("fence_dummy_no_reboot", Operations::NO_REBOOT),
        ("fence_dummy_no_on", Operations::NO_ON),
        ("fence_dummy_no_nodeid", Operations::ON_TARGET),
    ] {
        let agent = testing::describe::<Dummy>(name);
        assert!(agent.operations.contains(operation | Operations::LIST_PLUGS), "{name}");
        assert!(agent.capabilities.files.is_empty(), "{name}");
        let mode = agent.parameters.iter().find(|parameter| parameter.name == "mode");
        assert_eq!(mode.and_then(|mode| mode.default.as_deref()), Some("random"), "{name}");
    }
}

/// Pacemaker sends the id of the node to an agent whose metadata have the option.
#[test]
fn one_name_has_no_option_nodeid() {
    let has = |name: &str| shown(&testing::describe::<Dummy>(name)).contains(&"nodeid");
    assert!(has("fence_dummy_on_target") && !has("fence_dummy_no_nodeid"));
    let others = |name: &str| {
        let agent = testing::describe::<Dummy>(name);
        let mut names: Vec<_> = shown(&agent).into_iter().map(str::to_owned).collect();
        names.retain(|name| name != "nodeid");
        names
    };
    assert_eq!(others("fence_dummy_on_target"), others("fence_dummy_no_nodeid"));
}

#[test]
fn the_agent_declares_three_paths_and_no_endpoint() {
    for name in ["fence_dummy", "fence_dummy_recorder"] {
        let capabilities = testing::describe::<Dummy>(name).capabilities;
        assert!(capabilities.endpoints.is_empty());
        let files = capabilities.files.iter();
        let files: Vec<_> = files
            .map(|file| (file.option_name.as_str(), file.kind, file.access))
            .collect();
        assert_eq!(
            files,
            [
                ("status_file", FileKind::File, FileAccess::Write),
                ("request_path", FileKind::Folder, FileAccess::Write),
                ("response_path", FileKind::Folder, FileAccess::Read),
            ]
        );
    }
}
