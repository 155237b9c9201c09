//! What `fencebox compile` writes.

use std::fs::File;
use std::io::Read;

use super::{EMPTY, OTHER, compiled, load, names, plugin};
use crate::plugin::compiled::compile;
use crate::plugin::{Error, Recorded};
use crate::policy::AgentPolicy;
use crate::policy::ownership::Checker;

#[test]
fn compiling_an_invalid_component_leaves_no_files() {
    for wasm in [
        b"".as_slice(),
        b"\0asm",
        // A core module.
        b"\0asm\x01\0\0\0",
        b"\0asm\x0d\0\x01\0\xff",
        b"garbage",
        b"(component)",
        &[0; 4096],
    ] {
        let (folder, path) = plugin(wasm);
        let errors = [
            compile(&path).unwrap_err(),
            load(&path, &AgentPolicy::unrestricted(), &Recorded::Absent, &Checker::new())
                .err()
                .unwrap(),
        ];
        for error in errors {
            assert!(matches!(&error, Error::NotAPlugin { .. }), "{error}");
            let said = error.to_string();
            assert!(
                said.starts_with(&format!("{} is not a fencebox plugin: ", path.display())),
                "{said}"
            );
            assert!(!said.contains('\n'), "{said}");
        }
        assert_eq!(names(folder.path()), ["fence_x.wasm"]);
    }
}

#[test]
fn compiling_a_missing_file_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fence_x.wasm");
    assert!(matches!(compile(&path).unwrap_err(), Error::Unreadable { .. }));
    let error = load(&path, &AgentPolicy::unrestricted(), &Recorded::Absent, &Checker::new())
        .err()
        .unwrap();
    assert!(error.to_string().contains("fence_x.wasm: No such file"), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_compiled_form_is_replaced_as_a_whole() {
    let (folder, path, form) = compiled(EMPTY);
    let mut old = File::open(&form).unwrap();
    let before = std::fs::read(&form).unwrap();
    std::fs::write(&path, OTHER).unwrap();
    compile(&path).unwrap();
    // A process that uses the old form keeps all of it.
    let mut kept = Vec::new();
    old.read_to_end(&mut kept).unwrap();
    assert!(kept == before && before != std::fs::read(&form).unwrap());
    assert_eq!(names(folder.path()), ["fence_x.cwasm", "fence_x.wasm"]);
}

#[test]
fn a_failed_replacement_leaves_no_temporary_file() {
    let (folder, path) = plugin(EMPTY);
    std::fs::create_dir_all(path.with_extension("cwasm").join("full")).unwrap();
    let error = compile(&path).unwrap_err().to_string();
    assert!(
        error.starts_with(&path.with_extension("cwasm").display().to_string()),
        "{error}"
    );
    assert_eq!(names(folder.path()), ["fence_x.cwasm", "fence_x.wasm"]);
}
