#!/bin/busybox sh
# The first process of a small Linux that is booted from the network: a deploy ramdisk without an agent.
#
# It acts first and prints afterwards. Words on the serial line: `write` writes the image to the disk, `reboot`.
b=/bin/busybox
$b mount -t devtmpfs none /dev
for module in $($b cat /modules/order); do $b insmod "/modules/$module"; done
until [ -b /dev/vda ]; do $b usleep 10000; done
echo "LINUX: RAMDISK"
while read -r word; do
    case $word in
        write)
            $b dd if=/disk.bin of=/dev/vda conv=notrunc,fsync 2>/dev/null
            echo "LINUX: IMAGE WRITTEN"
            ;;
        reboot) $b reboot -f ;;
    esac
done
