#!/usr/bin/env bash
# node.sh NAME NUMBER: pid 1 of a machine of the lab, in namespaces of its own; the end of it is the end of the machine.
#
# LAB is the lab's folder, NETWORK the first three numbers of its addresses, TRUSTED a file with certificates that the
# whole machine believes, or nothing.
set -euo pipefail
name=$1 number=$2
disk=$LAB/nodes/$name

mount --make-rprivate /
# A Pacemaker that panics writes here, and that resets the whole host: no namespace is in its way.
[ ! -e /proc/sysrq-trigger ] || mount --bind /dev/null /proc/sysrq-trigger
hostname "$name"

# What a machine keeps over a reboot, and what it has anew at each.
mkdir -p "$disk"/{pacemaker/{blackbox,cores,cib,pengine},corosync,pcsd,log/{pacemaker,corosync,cluster,pcsd}}
chown -R hacluster:haclient "$disk/pacemaker" "$disk/log/pacemaker"
[ -e "$disk/pacemaker/cib/cib.xml" ] ||
    install -o hacluster -g haclient -m 600 "$LAB/cib.xml" "$disk/pacemaker/cib/cib.xml"
umount -R "$disk/run" 2>/dev/null || true
rm -rf "$disk/run"
mkdir -p "$disk/run/lab" "$disk/run/home" "$disk/shm"
install -d -o hacluster -g haclient -m 750 "$disk/run/crm"

mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 etc /etc/corosync
cp "$LAB/corosync.conf" /etc/corosync/
mount --bind "$LAB/hosts" /etc/hosts
mount --bind "$disk/pacemaker" /var/lib/pacemaker
mount --bind "$disk/corosync" /var/lib/corosync
[ ! -d /var/lib/pcsd ] || mount --bind "$disk/pcsd" /var/lib/pcsd
mount --bind "$disk/log" /var/log
mount --bind "$LAB" "$disk/run/lab"
mount --rbind "$disk/run" /run

# The lab puts the cable in while this runs.
for _ in $(seq 500); do
    [ ! -e /sys/class/net/eth0 ] && ! ip link show eth0 >/dev/null 2>&1 || break
    sleep 0.01
done
ip link set lo up
ip addr add "$NETWORK.$number/24" dev eth0
ip link set eth0 up
ip route add 224.0.0.0/4 dev eth0

# A machine takes its time to start, and longer than whoever switched it on takes to see that it is on. Here that is the
# lab's to say: a cluster that is told of the fencing of a node when this is back already makes it leave again.
while [ -e "$LAB/held/$name" ]; do
    sleep 0.02
done

# A plain, small environment, as an init system gives it.
plain=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home LANG=C.UTF-8)
[ -z "${TRUSTED:-}" ] || plain+=("SSL_CERT_FILE=$TRUSTED")
"${plain[@]}" corosync -f >>/var/log/corosync/stderr 2>&1 &
for _ in $(seq 500); do
    ! corosync-cfgtool -s >/dev/null 2>&1 || break
    sleep 0.02
done
"${plain[@]}" PCMK_logfile=/var/log/pacemaker/pacemaker.log PCMK_logfacility=none \
    pacemakerd -f >>/var/log/pacemaker/stderr 2>&1 &

# Pid 1 stays, and buries the dead.
while true; do
    wait -n || [ $? != 127 ] || sleep 3600
done
