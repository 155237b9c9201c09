#!/usr/bin/env bash
# Makes a Debian 13 in a folder: its Pacemaker, pcs and crmsh are newer than those of the machine that runs the tests.
#
#   debian13.sh FOLDER
#
# Beside it, FOLDER-base has only the packages that every Debian has.
#
# Packages come from the mirror that apt of this machine uses. A complete folder is kept, and a second call waits for the
# first. Exit code 75: apt has no mirror with Debian 13, or the mirror does not answer.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    [ "$#" = 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
    mkdir -p "$(dirname "$1")"
    # Mounts and processes of an installation end with these namespaces, also where it is interrupted.
    exec flock "$1.lock" unshare --mount --pid --fork --kill-child --mount-proc \
        "$BASH" "$(readlink -f "$0")" --inside "$(realpath -m "$1")"
fi
folder=$2 made=$2.made

# A change of this script makes the folder anew.
stamp=$(cksum <"$0")
[ ! -e "$folder/stamp" ] || [ "$(cat "$folder/stamp")" != "$stamp" ] || exit 0
rm -rf --one-file-system "$folder" "$folder-base" "$made"

# The mirror of the release that this machine has.
codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
mirror=$(apt-get update --print-uris | sed -n "s,^'\(.*\)/dists/$codename/InRelease'.*,\1,p")
mirror=${mirror%%$'\n'*}
[ -n "$mirror" ] || { echo 'apt has no mirror of this release'; exit 75; }
mkdir "$made"
/usr/lib/apt/apt-helper -o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    download-file "$mirror/dists/trixie/InRelease" "$made.release" >/dev/null 2>&1 ||
    { rmdir "$made"; rm -f "$made.release"; echo "the mirror that apt uses does not answer, or has no Debian 13"; exit 75; }
rm -f "$made.release"

eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
# The folders of the caller's environment are not there in the new system.
clean() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} "$@"
}
clean debootstrap --variant=minbase trixie "$made" "$mirror"

cp -a "$made" "$folder-base"

# The same ways to the mirror, no documents, and no daemon is started.
apt-config dump Acquire >"$made/etc/apt/apt.conf.d/machine"
printf 'path-exclude=/usr/share/%s/*\n' doc man locale info >"$made/etc/dpkg/dpkg.cfg.d/small"
echo force-unsafe-io >>"$made/etc/dpkg/dpkg.cfg.d/small"
printf '#!/bin/sh\nexit 101\n' >"$made/usr/sbin/policy-rc.d"
chmod 755 "$made/usr/sbin/policy-rc.d"
mount --make-rprivate /
mount -t proc lab "$made/proc"
mount --rbind /dev "$made/dev"
clean chroot "$made" apt-get update -qq
clean chroot "$made" apt-get install -qq -y --no-install-recommends \
    pacemaker pacemaker-cli-utils pacemaker-cts corosync crmsh pcs iproute2 libxml2-utils
clean chroot "$made" apt-get clean
umount -R "$made/proc" "$made/dev"
rm -rf "$made"/var/lib/apt/lists/* "$made"/usr/share/{doc,man,locale,info}/*

printf '%s\n' "$stamp" >"$made/stamp"
mv "$made" "$folder"
