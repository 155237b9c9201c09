//! The `.deb` in clean systems: a Debian 13 with only the packages that every Debian has, and one with pcs.

use std::path::Path;
use std::process::Output;

use crate::debian13::debian13;
use crate::{assert_reported, shell, two_builds};

/// Runs the script in a copy of the system that ends with it. `first` and `second` are two builds of the package.
fn in_root(root: &Path, script: &str) -> Output {
    let tests = std::env::current_exe().unwrap();
    let simulator = tests.parent().and_then(Path::parent).unwrap().join("fencebox-sim");
    let [first, second] = two_builds();
    let script = format!("{PREPARE}{script}");
    shell(
        "-mpfn",
        &script,
        &[
            ("ROOT", root),
            ("FIRST", first),
            ("SECOND", second),
            ("SIMULATOR", &simulator),
        ],
    )
}

/// Makes the copy and a simulated cloud, which end with the script, and the functions of the scripts: `inside` runs a
/// program in the copy, `agent` calls an agent as Pacemaker does, `state` lists all files, and `eventually` waits
/// until a program succeeds, for at most a minute.
const PREPARE: &str = r#"
set -euo pipefail
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay none -o "lowerdir=$ROOT,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
mount -t proc none /mnt/root/proc
mount --rbind /dev /mnt/root/dev
mount -t tmpfs none /mnt/root/dev/shm
mount -t tmpfs none /mnt/root/run
cp "$FIRST" /mnt/root/tmp/first.deb
cp "$SECOND" /mnt/root/tmp/second.deb
inside() { chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }
eventually() { for _ in $(seq 600); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; echo "never: $*" >&2; return 1; }
ip link set lo up
"$SIMULATOR" clc >/mnt/cloud &
eventually grep listening /mnt/cloud
OPTIONS="login=fencer passwd=s3cret api_url=$(sed 's/listening on //' /mnt/cloud) stonith_status_sleep=0"
agent() { printf '%s\n' "action=$2" plug=WA1ACMEDB01 $OPTIONS | inside "$1"; }
state() {
    find /mnt/root/usr /mnt/root/etc /mnt/root/var/lib /mnt/root/opt -path /mnt/root/var/lib/dpkg -prune -o \
        \( -type d -printf '%p %M %U %G\n' \) -o -printf '%p %M %U %G %s %l\n' | sort
    inside dpkg-divert --list | sort
}
state >/mnt/before
"#;

#[test]
fn a_system_with_only_the_base_is_fenced_from_upgraded_and_left_as_it_was() {
    let Some(folder) = debian13() else { return };
    let output = in_root(&folder.with_file_name("debian13-base"), BASE);
    assert_reported(
        &output,
        &[
            "installed without another package",
            "Success: Powered OFF",
            "Status: OFF",
            "checked: still off",
            "upgraded while agents ran, and none failed",
            "removed and purged, and nothing is left",
        ],
    );
}

const BASE: &str = r#"
[ ! -e /mnt/root/usr/bin/python3 ] && [ ! -e /mnt/root/usr/sbin/pcs ]
inside dpkg -i /tmp/first.deb
[ -z "$(inside dpkg --verify fencebox)" ]
inside fencebox verify >/dev/null
echo "test: installed without another package"
echo "test: $(agent fence_clc off)"
echo "test: $(agent fence_clc status || [ $? = 2 ])"
echo "test: checked: $(printf '%s\n' plug=WA1ACMEDB01 $OPTIONS | inside fencebox check fence_clc | grep -o 'still off')"
(until [ -e /mnt/stop ]; do
    if agent fence_clc status >/dev/null 2>>/mnt/lines || [ $? = 2 ]; then
        echo worked
    else
        echo failed
    fi >>/mnt/calls
done) &
caller=$!
calls() { grep -c ed /mnt/calls || true; }
has_more() { [ "$(calls)" -gt "$before" ]; }
another_call() { before=$(calls); eventually has_more; }
touch /mnt/calls
another_call
for package in second first second first second; do
    inside dpkg -i /tmp/$package.deb
done
another_call
touch /mnt/stop
wait "$caller"
# An agent that started before the program was replaced compiles the new plugin, because its build is another one.
if grep -v "compiling in memory" /mnt/lines || grep failed /mnt/calls; then exit 1; fi
inside fencebox verify >/dev/null
echo "test: upgraded while agents ran, and none failed"
inside dpkg -r fencebox
inside dpkg -P fencebox
state | diff /mnt/before -
echo "test: removed and purged, and nothing is left"
"#;

#[test]
fn a_system_with_pcs_configures_and_validates_the_agents_of_the_package() {
    let Some(folder) = debian13() else { return };
    let output = in_root(folder, PCS);
    assert_reported(
        &output,
        &[
            "fence_clc - Fence agent for",
            "pcs has created the device",
            "pcs has refused a device that cannot work",
            "Pacemaker reads the agent: 0",
            "upgraded, and pcs reads the agent",
            "removed, and pcs has no such agent",
            "purged, and nothing is left",
        ],
    );
}

const PCS: &str = r#"
inside dpkg -i /tmp/first.deb
inside mkdir -p /tmp/cluster
inside cibadmin --empty >/mnt/root/tmp/cluster/cib.xml
echo "test: $(inside pcs stonith describe fence_clc | head -n 1 | grep -o '^fence_clc - Fence agent for')"
create() { inside pcs -f /tmp/cluster/cib.xml stonith create "$@" --agent-validation; }
create cloud fence_clc plug=WA1ACMEDB01 $OPTIONS
grep 'type="fence_clc"' /mnt/root/tmp/cluster/cib.xml >/dev/null
echo "test: pcs has created the device"
if create broken fence_clc login=fencer 2>/mnt/refused; then exit 1; fi
grep password /mnt/refused >/dev/null
echo "test: pcs has refused a device that cannot work"
echo "test: Pacemaker reads the agent: $(inside stonith_admin --metadata --agent fence_clc >/dev/null; echo $?)"
inside dpkg -i /tmp/second.deb
inside pcs stonith describe fence_clc >/dev/null
echo "test: upgraded, and pcs reads the agent"
inside dpkg -r fencebox
if inside pcs stonith describe fence_clc 2>/dev/null; then exit 1; fi
echo "test: removed, and pcs has no such agent"
inside dpkg -P fencebox
rm -rf /mnt/root/tmp/cluster
state | diff /mnt/before -
echo "test: purged, and nothing is left"
"#;

#[test]
fn a_cluster_fences_with_the_package_before_an_upgrade_and_after_it() {
    let Some(folder) = debian13() else { return };
    let output = in_root(folder, CLUSTER);
    assert_reported(
        &output,
        &[
            "the cluster is online",
            "pcs has fenced the machine: Status: OFF",
            "pcs has fenced it again: Status: OFF",
            "all fencing has succeeded",
        ],
    );
}

/// One node with Corosync, Pacemaker and pcs, which fences a machine of the cloud.
const CLUSTER: &str = r#"
# A Pacemaker that panics writes here, and that resets the whole host: no namespace prevents it.
[ ! -e /mnt/root/proc/sysrq-trigger ] || mount --bind /dev/null /mnt/root/proc/sysrq-trigger
inside dpkg -i /tmp/first.deb
cat >/mnt/root/etc/corosync/corosync.conf <<'END'
totem {
 version: 2
 cluster_name: test
 transport: udpu
 crypto_cipher: none
 crypto_hash: none
}
nodelist {
 node {
  ring0_addr: 127.0.0.1
  name: node1
  nodeid: 1
 }
}
quorum {
 provider: corosync_votequorum
}
logging {
 to_stderr: yes
 to_syslog: no
}
END
inside install -d -o hacluster -g haclient -m 750 /run/crm
inside corosync -f >/mnt/corosync 2>&1 &
eventually inside corosync-cfgtool -s
inside env PCMK_logfacility=none pacemakerd -f >/mnt/pacemaker 2>&1 &
online() { inside crm_mon --one-shot | grep 'Online:.*node1'; }
eventually online
echo "test: the cluster is online"
inside pcs stonith create cloud fence_clc $OPTIONS pcmk_host_map="db:WA1ACMEDB01" --agent-validation
started() { inside crm_mon --one-shot | grep 'cloud.*Started'; }
eventually started
fenced() { inside pcs stonith fence db --off >/dev/null; agent fence_clc status || [ $? = 2 ]; }
[ "$(agent fence_clc status)" = "Status: ON" ]
echo "test: pcs has fenced the machine: $(fenced)"
agent fence_clc on
inside dpkg -i /tmp/second.deb
[ "$(agent fence_clc status)" = "Status: ON" ]
echo "test: pcs has fenced it again: $(fenced)"
inside stonith_admin --history db --verbose --output-as=xml >/mnt/history
[ "$(grep -c 'action="off".*status="success"' /mnt/history)" = 2 ]
if inside crm_mon --one-shot | grep -i failed; then exit 1; fi
echo "test: all fencing has succeeded"
"#;
