#!/usr/bin/env bash
# A real pacemaker-fenced on a machine of its own: private namespaces in which an install tree of ours is laid over
# /usr. Programs get in by nsenter; all of it is gone when standard input ends.
#
#   fencer.sh fencer|none TREE [ROOT]
#
#   fencer   the fencer, with a corosync of one node beside it: it keeps a history then, as in a cluster
#   none     no daemon, for programs that only look at agents
#   TREE     a folder with usr/sbin/fence_* and what belongs to them
#   ROOT     a folder with another system, which then takes the place of this machine's
#
# Prints "ready" once the fencer answers.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    [ "$#" = 2 ] || [ "$#" = 3 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; }
    # --kill-child: where this process is killed, the kernel ends everything in there.
    exec unshare --mount --net --ipc --uts --pid --fork --kill-child --mount-proc \
        "$BASH" "$(readlink -f "$0")" --inside "$@"
fi
mode=$2 tree=$3 root=${4:-}

# Process 1 of the namespaces from here on.
mount --make-rprivate /

# Makes a folder the root of these namespaces. It is read-only, so all tests can share it.
enter() {
    mount --bind "$1" "$1"
    mount -t tmpfs lab "$1/mnt"
    mkdir "$1/mnt/tree"
    mount --bind "$tree" "$1/mnt/tree"
    tree=/mnt/tree
    mount -t proc lab "$1/proc"
    mount --rbind /sys "$1/sys"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs lab "$1/root"
    # Where an init system makes it.
    mkdir -p "$1/var/lib/corosync"
    printf '127.0.0.1 localhost fencer\n' >"$1/mnt/hosts"
    mount --bind "$1/mnt/hosts" "$1/etc/hosts"
    mount -o remount,bind,ro "$1"
    cd "$1"
    # The old root lies on top of the new one for a moment.
    pivot_root . .
    umount -l .
    cd /
}
[ -z "$root" ] || enter "$root"

# A Pacemaker daemon that panics writes here, and that would reset the real machine. Never leave this out.
[ ! -e /proc/sysrq-trigger ] || mount --bind /dev/null /proc/sysrq-trigger
hostname fencer
ip link set lo up
ip link set lo multicast on
ip route add 224.0.0.0/4 dev lo

mount -t overlay lab -o "lowerdir=$tree/usr:/usr" /usr
# What an agent or a daemon leaves behind is seen here, and on no disk.
for folder in /dev/shm /run /tmp /var/tmp /var/log /var/lib/pacemaker /var/lib/corosync; do
    [ ! -d "$folder" ] || mount -t tmpfs -o mode=755 lab "$folder"
done
chmod 1777 /dev/shm /tmp
[ ! -d /var/tmp ] || chmod 1777 /var/tmp
mkdir -p /run/crm /run/home /var/lib/pacemaker/{blackbox,cib,pengine} /var/log/{pacemaker,corosync,pcsd,crmsh}
mkdir -m 750 /var/lib/pacemaker/cores
[ "$mode" = none ] || chown -R hacluster:haclient /run/crm /var/lib/pacemaker /var/log/pacemaker

# Polls a condition; the bound is for what is broken, not for what is slow.
await() {
    local what=$1 tries
    shift
    for tries in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    printf 'fencer.sh: no %s after %d tries\n' "$what" "$tries" >&2
    tail -n 20 /var/log/pacemaker/* /var/log/corosync/* >&2 || true
    exit 3
}

corosync_alone() {
    mount -t tmpfs lab /etc/corosync
    # Its parser wants each brace on a line of its own.
    cat >/etc/corosync/corosync.conf <<'CONF'
totem {
    version: 2
    cluster_name: lab
    transport: udpu
    crypto_cipher: none
    crypto_hash: none
}
nodelist {
    node {
        nodeid: 1
        name: fencer
        ring0_addr: 127.0.0.1
    }
}
quorum {
    provider: corosync_votequorum
    expected_votes: 1
}
logging {
    to_syslog: no
    to_stderr: no
    to_logfile: yes
    logfile: /var/log/corosync/corosync.log
}
CONF
    corosync -f </dev/null >/dev/null 2>/var/log/corosync/stderr &
    await corosync corosync-quorumtool -s
}

case $mode in
none) ;;
fencer)
    corosync_alone
    # Since Pacemaker 3.0.0 the short word means what the long one meant.
    flag=--stand-alone
    if /usr/lib/pacemaker/pacemaker-fenced --help 2>&1 | grep stand-alone-w-cpg >/dev/null; then flag=--stand-alone-w-cpg; fi
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home LANG=C.UTF-8 LC_ALL=C \
        PCMK_logfile=/var/log/pacemaker/pacemaker.log \
        /usr/lib/pacemaker/pacemaker-fenced "$flag" -l /var/log/pacemaker/fenced.log -VV \
        </dev/null >/var/log/pacemaker/stdout 2>&1 &
    await fencer stonith_admin -L
    ;;
*)
    echo "fencer.sh: no mode $mode" >&2
    exit 2
    ;;
esac
echo ready
# The end of the input is the end of all.
cat >/dev/null
