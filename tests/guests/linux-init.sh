#!/bin/busybox sh
# The first process of a small Linux on a disk, whose first boot takes about ten seconds, like one with cloud-init.
#
# Sector 131072 of the disk says how far it came. A first boot that was cut off makes it say BROKEN for ever. It acts
# first and prints afterwards. Words on the serial line: `reboot`, `off`. The power button turns it off.
b=/bin/busybox
$b mount -t devtmpfs none /dev
for module in $($b cat /modules/order); do $b insmod "/modules/$module"; done
until [ -b /dev/vda ]; do $b usleep 10000; done
for events in /dev/input/event*; do
    [ -c "$events" ] && { $b dd if="$events" of=/dev/null bs=24 count=1 2>/dev/null; $b poweroff -f; } &
done
life() { $b dd if=/dev/vda bs=512 skip=131072 count=1 2>/dev/null | $b tr -d '\0'; }
keep() { echo "$1" | $b dd of=/dev/vda bs=512 seek=131072 conv=notrunc,sync,fsync 2>/dev/null; }
case "$(life)" in
    "")
        keep "in its first boot"
        echo "LINUX: FIRST BOOT"
        step=0
        while [ $step -lt 20 ]; do
            step=$((step + 1))
            $b usleep 500000
            keep "in its first boot, step $step"
        done
        keep CONFIGURED
        echo "LINUX: CONFIGURED"
        ;;
    CONFIGURED) echo "LINUX: BOOT" ;;
    *)
        keep BROKEN
        echo "LINUX: BROKEN"
        ;;
esac
while read -r word; do
    case $word in
        reboot) $b reboot -f ;;
        off) $b poweroff -f ;;
    esac
done
