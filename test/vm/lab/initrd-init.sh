#!/bin/busybox sh
# First program of the guest: finds the read-only root image, lays a writable layer over it and unpacks the checkout.
/bin/busybox mkdir -p /proc /dev /lower /layer /newroot
/bin/busybox mount -t proc proc /proc
export PATH=/bin
busybox --install -s /bin
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "no $module"; done </modules/order
while [ ! -b /dev/vdd ]; do sleep 0.05; done
mount -t ext4 -o ro /dev/vda /lower
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work root /newroot
mkdir -p /newroot/checkout
tar -x -f /dev/vdc -C /newroot/checkout
umount /proc
exec switch_root /newroot /bin/busybox sh /checkout/guest-boot.sh
