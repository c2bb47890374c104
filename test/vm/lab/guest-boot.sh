# Process 1 of the guest after the root image is there: brings up the rig's hardware, runs one test file, powers off.
export PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
mkdir -p /dev/virtio-ports /dev/shm /data
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
ip link set lo up
hostname pmemlab

. /checkout/lab.env
modprobe virtio_console
modprobe virtio_rng
for port in /sys/class/virtio-ports/vport*; do
  ln -s "/dev/${port##*/}" "/dev/virtio-ports/$(cat "$port/name")"
done
exec >/dev/virtio-ports/report 2>&1

mount -t ext4 -o ro /dev/vdb /checkout/node_modules
mount -t ext4 /dev/vdd /data

case $RIG in
  qemu) modprobe nfit; modprobe nd_pmem; modprobe nd_btt; modprobe dax_pmem; modprobe device_dax ;;
  nfit)
    # The test modules replace the stock ones, so none of those may be loaded first; the order is that of their symbols.
    for module in nfit_test_iomap libnvdimm nfit nd_btt nd_pmem device_dax dax_pmem nd_e820 nfit_test; do
      insmod "/lib/nfit-test/$module.ko"
    done
    ndctl wait-scrub >/dev/null ;;
  e820) modprobe nd_e820; modprobe nd_pmem ;;
esac

ln -s /checkout/node_modules/.bin/node /usr/bin/node
cd /checkout
echo "# Linux $(uname -r)"
# A test that hangs fails, and what it leaves running does not keep its report from being printed.
node --disable-sigusr1 --test-reporter=spec --test-timeout=480000 --test-force-exit \
  ${PATTERN:+"--test-name-pattern=$PATTERN"} "$FILE"
if [ -e /data/boot-again ]; then
  rm /data/boot-again
  echo 'lab: boot again'
fi
# The kernel's own account of the test, for the console log on the host.
dmesg >/dev/ttyS0
sync
umount /data
echo 'lab: end'
sleep 0.2
poweroff -f
