#!/usr/bin/env bash
# Mounts the data disk. Makes a file system only on a disk that is provably blank; refuses everything else.
# usage: prepare-disk.sh MOUNT_POINT WAIT_SECONDS DEVICE...
set -euo pipefail

fstab=${FSTAB:-/etc/fstab}
mount_point=$1
wait_seconds=$2
shift 2

fail() {
  echo "prepare-disk: $1" >&2
  exit 1
}

find_disk() {
  local device
  for device in "$@"; do
    if [ -e "$device" ]; then
      readlink -f "$device"
      return 0
    fi
  done
  return 1
}

# The disk is attached only after the machine exists, so its first boot may be ahead of it.
wait_for_disk() {
  local waited=0
  until find_disk "$@"; do
    [ "$waited" -lt "$wait_seconds" ] || fail "no data disk after $wait_seconds s at: $*"
    sleep 2
    waited=$((waited + 2))
  done
}

# blkid answers 2 both for "no signature" and for "cannot read", hence the second look: a new disk reads as zeros.
make_file_system_if_blank() {
  local disk=$1 answer=0
  blkid -p "$disk" >/dev/null || answer=$?
  case $answer in
    0) return 0 ;;
    2) ;;
    *) fail "blkid cannot make out what is on $disk (exit code $answer); nothing was changed" ;;
  esac
  cmp --silent --bytes=16777216 "$disk" /dev/zero || fail "$disk has no signature but is not blank; nothing was changed"
  mkfs.xfs -L tsdb "$disk"
}

if mountpoint -q "$mount_point"; then exit 0; fi
disk=$(wait_for_disk "$@")
make_file_system_if_blank "$disk"
type=$(blkid -p -s TYPE -o value "$disk" || true)
[ "$type" = xfs ] || fail "$disk holds '${type:-unknown data}' instead of an xfs file system; nothing was changed"
uuid=$(blkid -p -s UUID -o value "$disk")
if ! grep -q "^UUID=$uuid " "$fstab"; then
  echo "UUID=$uuid $mount_point xfs noatime,nofail,x-systemd.device-timeout=10min 0 2" >>"$fstab"
fi
mkdir -p "$mount_point"
systemctl daemon-reload
mount "$mount_point"
