#!/bin/sh
# PID 1 of a server: lays its disk over this machine's files, boots with cloud-init's four stages, and runs sshd.
# init.sh DISK: a folder with `upper` (what this server changed), `work` and `root`. All ends with this process.
set -eu
disk=$1
root=$disk/root
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount --make-rprivate /
mount -t overlay server -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
# hidden: whatever is this machine's own, and the kernel's settings that are not this server's
for folder in "$root"/*/ "$root/var/tmp/" "$root/usr/lib/sysctl.d/"; do
    case ${folder#"$root/"} in
    bin/ | boot/ | dev/ | etc/ | lib*/ | proc/ | run/ | sbin/ | sys/ | tmp/ | usr/ | var/) ;;
    *) mount -t tmpfs -o mode=755 hidden "$folder" ;;
    esac
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

exec chroot "$root" /usr/bin/env -i PATH="$path" HOME=/root LANG=C.UTF-8 sh -c '
    # what systemd starts before the network on an installed system
    sysctl --quiet --load /etc/sysctl.d/*.conf
    /lib/ufw/ufw-init start >/dev/null
    cloud-init init --local && cloud-init init && cloud-init modules --mode=config && cloud-init modules --mode=final ||
        echo "cloud-init failed; cloud-init status --long tells more"
    /usr/sbin/sshd -E /var/log/sshd.log
    [ ! -x /usr/local/sbin/sandbox-services ] || /usr/local/sbin/sandbox-services
    echo "up"
    while :; do sleep 1; done'
