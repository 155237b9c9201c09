//! The record of a VM: everything that the API reports about it, about 90 members.

use super::inventory::{Class, NULL, Role, host_name, reference};
use super::value::Value;

/// The values of a record that differ between VMs.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Its index in the inventory.
    pub(super) index: usize,
    /// The number of domains that it had before this one.
    pub(super) domains: usize,
    pub(super) uuid: String,
    pub(super) label: String,
    pub(super) role: Role,
    /// The index of the host on which it runs, if it runs.
    pub(super) host: usize,
    /// The value of `power_state`.
    pub(super) state: String,
}

type Members = Vec<(&'static str, Value)>;

/// The members that change with the power of the VM; a call for one of them is a read of its power.
pub(super) const POWER_MEMBERS: &[&str] = &["power_state", "allowed_operations", "resident_on", "domid"];

/// The record.
pub(super) fn record(subject: &Subject) -> Value {
    let parts = [
        identity(subject),
        power(subject),
        resources(),
        boot(),
        devices(subject),
        family(subject),
        ward(),
    ];
    Value::structure(parts.into_iter().flatten())
}

fn flag(value: bool) -> Value {
    Value::Bool(value)
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn map(members: &[(&str, &str)]) -> Value {
    Value::structure(members.iter().map(|(name, value)| (*name, text(value))))
}

fn identity(subject: &Subject) -> Members {
    let template = matches!(subject.role, Role::Template | Role::Snapshot);
    vec![
        ("uuid", text(&subject.uuid)),
        ("name_label", text(&subject.label)),
        ("name_description", text("")),
        ("user_version", text("1")),
        ("is_a_template", flag(template)),
        ("is_default_template", flag(false)),
        ("is_control_domain", flag(subject.role == Role::ControlDomain)),
        ("is_a_snapshot", flag(subject.role == Role::Snapshot)),
        ("tags", Value::strings(["cluster", "a & b"])),
        (
            "other_config",
            map(&[
                ("base_template_name", "Debian Bookworm 12"),
                ("install-methods", "cdrom,nfs,http,ftp"),
                ("mac_seed", "5d2c4d3a-0000-4000-8000-000000000001"),
            ]),
        ),
        ("blobs", map(&[])),
        ("version", text("0")),
        ("generation_id", text("")),
        ("reference_label", text("debian-12")),
        ("groups", Value::Array(Vec::new())),
    ]
}

fn power(subject: &Subject) -> Members {
    let here = matches!(subject.state.as_str(), "Running" | "Paused");
    let host = reference(Class::Host, subject.host);
    let domain = if here {
        // A domain number is unique on all hosts, so that a test can identify the domain.
        (subject.index + 1 + 1000 * subject.domains).to_string()
    } else {
        "-1".to_owned()
    };
    let suspended = match subject.state.as_str() {
        "Suspended" => reference(Class::Device, 0x500 + subject.index),
        _ => NULL.to_owned(),
    };
    vec![
        ("power_state", text(&subject.state)),
        ("allowed_operations", Value::strings(allowed(subject).iter().copied())),
        ("current_operations", map(&[])),
        ("resident_on", text(if here { &host } else { NULL })),
        ("scheduled_to_be_resident_on", text(NULL)),
        ("affinity", text(&host)),
        ("domid", text(&domain)),
        ("domarch", text(if here { "x86_64" } else { "" })),
        ("suspend_VDI", text(&suspended)),
        ("suspend_SR", text(NULL)),
        ("metrics", text(&reference(Class::Metrics, subject.index))),
        (
            "guest_metrics",
            text(if here {
                "OpaqueRef:000003e9-0000-4000-8000-000000000001"
            } else {
                NULL
            }),
        ),
        ("last_booted_record", text("('struct' ('memory' '4294967296'))")),
        (
            "last_boot_CPU_flags",
            map(&[("vendor", "GenuineIntel"), ("features", "1fcbfbff-f7fa3223-2d93fbff")]),
        ),
        ("requires_reboot", flag(false)),
        ("pending_guidances", Value::Array(Vec::new())),
        ("pending_guidances_recommended", Value::Array(Vec::new())),
        ("pending_guidances_full", Value::Array(Vec::new())),
    ]
}

/// The operations that are allowed in its present state.
fn allowed(subject: &Subject) -> &'static [&'static str] {
    match (subject.role, subject.state.as_str()) {
        (Role::Template, _) => &[
            "changing_NVRAM",
            "changing_VCPUs",
            "clone",
            "copy",
            "destroy",
            "export",
            "provision",
        ],
        (Role::Snapshot, _) => &["clone", "copy", "create_template", "destroy", "export", "revert"],
        (Role::ControlDomain, _) => &["update_allowed_operations", "call_plugin"],
        (_, "Halted") => &[
            "changing_VCPUs",
            "clone",
            "copy",
            "destroy",
            "export",
            "make_into_template",
            "migrate_send",
            "snapshot",
            "start",
            "start_on",
        ],
        (_, "Running") => &[
            "changing_VCPUs_live",
            "checkpoint",
            "clean_reboot",
            "clean_shutdown",
            "hard_reboot",
            "hard_shutdown",
            "migrate_send",
            "pause",
            "pool_migrate",
            "snapshot",
            "suspend",
        ],
        (_, "Paused") => &["hard_reboot", "hard_shutdown", "snapshot", "unpause"],
        (_, "Suspended") => &[
            "checkpoint",
            "clone",
            "copy",
            "export",
            "hard_shutdown",
            "resume",
            "resume_on",
            "snapshot",
        ],
        _ => &[],
    }
}

fn resources() -> Members {
    let memory = "4294967296";
    vec![
        ("memory_overhead", text("37748736")),
        ("memory_target", text(memory)),
        ("memory_static_max", text(memory)),
        ("memory_dynamic_max", text(memory)),
        ("memory_dynamic_min", text(memory)),
        ("memory_static_min", text("536870912")),
        ("VCPUs_params", map(&[("weight", "256"), ("cap", "0")])),
        ("VCPUs_max", text("2")),
        ("VCPUs_at_startup", text("2")),
        ("hardware_platform_version", text("0")),
        ("has_vendor_device", flag(false)),
        ("domain_type", text("hvm")),
        (
            "recommendations",
            text(
                "<restrictions><restriction field=\"memory-static-max\" max=\"137438953472\" />\
             <restriction property=\"number-of-vbds\" max=\"255\" /></restrictions>",
            ),
        ),
    ]
}

fn boot() -> Members {
    vec![
        ("actions_after_softreboot", text("soft_reboot")),
        ("actions_after_shutdown", text("destroy")),
        ("actions_after_reboot", text("restart")),
        ("actions_after_crash", text("restart")),
        ("PV_bootloader", text("")),
        ("PV_kernel", text("")),
        ("PV_ramdisk", text("")),
        ("PV_args", text("")),
        ("PV_bootloader_args", text("")),
        ("PV_legacy_args", text("")),
        ("HVM_boot_policy", text("BIOS order")),
        ("HVM_boot_params", map(&[("order", "cdn"), ("firmware", "uefi")])),
        ("HVM_shadow_multiplier", Value::Double(1.0)),
        ("NVRAM", map(&[("EFI-variables", "VkFSUwEAAAAAAAAA")])),
        (
            "platform",
            map(&[
                ("acpi", "1"),
                ("apic", "true"),
                ("device_id", "0002"),
                ("nx", "true"),
                ("pae", "true"),
                ("timeoffset", "0"),
                ("viridian", "false"),
            ]),
        ),
        ("PCI_bus", text("")),
        (
            "bios_strings",
            map(&[
                ("bios-vendor", "Xen"),
                ("bios-version", ""),
                ("system-manufacturer", "Xen"),
            ]),
        ),
        (
            "xenstore_data",
            map(&[("vm-data", ""), ("vm-data/mmio-hole-size", "268435456")]),
        ),
        ("start_delay", text("0")),
        ("shutdown_delay", text("0")),
        ("order", text("0")),
    ]
}

fn devices(subject: &Subject) -> Members {
    let device = |kind: usize| reference(Class::Device, kind + subject.index);
    vec![
        ("consoles", Value::strings([device(0x100)])),
        ("VIFs", Value::strings([device(0x200), device(0x280)])),
        ("VBDs", Value::strings([device(0x300), device(0x380)])),
        ("VUSBs", Value::Array(Vec::new())),
        ("VTPMs", Value::Array(Vec::new())),
        ("VGPUs", Value::Array(Vec::new())),
        ("attached_PCIs", Value::Array(Vec::new())),
        ("crash_dumps", Value::Array(Vec::new())),
    ]
}

fn family(subject: &Subject) -> Members {
    let snapshot = subject.role == Role::Snapshot;
    let origin = if snapshot {
        reference(Class::Vm, 0)
    } else {
        NULL.to_owned()
    };
    let time = if snapshot {
        "20260131T10:20:30Z"
    } else {
        "19700101T00:00:00Z"
    };
    let info = map(if snapshot {
        &[
            ("power-state-at-snapshot", "Running"),
            ("disk-snapshot-type", "quiesced"),
        ]
    } else {
        &[]
    });
    vec![
        ("snapshot_of", text(&origin)),
        ("snapshots", Value::Array(Vec::new())),
        ("snapshot_time", Value::DateTime(time.to_owned())),
        ("snapshot_info", info),
        ("snapshot_metadata", text("")),
        ("transportable_snapshot_id", text("")),
        ("parent", text(NULL)),
        ("children", Value::Array(Vec::new())),
        ("is_snapshot_from_vmpp", flag(false)),
        ("is_vmss_snapshot", flag(false)),
        ("snapshot_schedule", text(NULL)),
        ("protection_policy", text(NULL)),
    ]
}

fn ward() -> Members {
    vec![
        ("ha_always_run", flag(false)),
        ("ha_restart_priority", text("")),
        ("appliance", text(NULL)),
        ("blocked_operations", map(&[])),
    ]
}

/// The record of a host.
pub(super) fn host(index: usize, address: &str) -> Value {
    Value::structure([
        (
            "uuid",
            Value::String(format!("c0ffee00-0000-4000-8000-0000000a{:04x}", index + 1)),
        ),
        ("name_label", Value::String(host_name(index))),
        ("hostname", Value::String(host_name(index))),
        ("address", text(address)),
        ("enabled", flag(true)),
        ("API_version_major", text("2")),
        ("API_version_minor", text("21")),
        (
            "software_version",
            map(&[("product_brand", "simulated"), ("product_version", "8.4.0")]),
        ),
    ])
}
