#!/bin/sh
# PID 1 of a server: lays its disk over this machine's files, boots with cloud-init's four stages, and runs sshd.
# init.sh DISK TOOLS: a folder with `upper` (what this server changed), `work` and `root`; and where the programs are that
# k3s brings along, which are shown in /opt/sandbox. All ends with this process.
set -eu
disk=$1
tools=$2
root=$disk/root
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount --make-rprivate /
mount -t overlay server -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
# whatever is this machine's own, and the kernel's settings that are not this server's, are empty folders of its own disk
for folder in "$root"/*/ "$root/var/tmp/" "$root/usr/lib/sysctl.d/"; do
    name=${folder#"$root/"}
    case $name in
    bin/ | boot/ | dev/ | etc/ | lib*/ | proc/ | run/ | sbin/ | sys/ | tmp/ | usr/ | var/) ;;
    *)
        mkdir -p "$disk/own/$name"
        mount --bind "$disk/own/$name" "$folder"
        ;;
    esac
done
chmod 700 "$disk/own/root"
chmod 1777 "$disk/own/var/tmp"
for folder in bin charts crds; do
    mkdir -p "$root/opt/sandbox/$folder" "$tools/$folder"
    mount --bind "$tools/$folder" "$root/opt/sandbox/$folder"
    mount -o remount,bind,ro "$root/opt/sandbox/$folder"
done
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mkdir -p "$root/run/sshd" "$root/run/lock"
ip link set lo up

# shellcheck disable=SC2016 # the shell in there expands
exec chroot "$root" /usr/bin/env -i PATH="$path" HOME=/root LANG=C.UTF-8 sh -c '
    # what systemd does before the network on an installed system
    [ ! -s /etc/hostname ] || hostname "$(cat /etc/hostname)"
    sysctl --quiet --load /etc/sysctl.d/*.conf
    /lib/ufw/ufw-init start >/dev/null
    cloud-init init --local && cloud-init init && cloud-init modules --mode=config && cloud-init modules --mode=final ||
        echo "cloud-init failed; cloud-init status --long tells more"
    /usr/sbin/sshd -E /var/log/sshd.log
    [ ! -x /usr/local/sbin/sandbox-services ] || /usr/local/sbin/sandbox-services
    echo "up"
    while :; do sleep 1; done'
