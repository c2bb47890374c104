/*
 * What the system calls alone take that no answer can do without, one after the other in one thread:
 *   floor fsmap MOUNT COUNT         GETFSMAP of single sectors of an XFS, anywhere; BULKSTAT of each inode that has one
 *   floor open MOUNT FILES COUNT    open, statx, FIEMAP and close of files of a planted tree (plant.ts)
 *   floor names MOUNT               every directory opened and listed
 * Each is done three times; the last is warm.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 3
#define SECTOR 512
/* XFS_IOC_BULKSTAT (fs/xfs/libxfs/xfs_fs.h): u64 first inode, u32 flags, u32 capacity, then 48 bytes; records of 192 */
#define BULKSTAT 0x8040587f
struct bulkstat { uint64_t inode; uint32_t flags, capacity; char rest[48 + 192]; };
struct few { struct fsmap_head head; struct fsmap records[4]; };

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static void tell(const char *what, double began, long count) {
	double took = now() - began;
	printf("%s: %ld in %.1f ms, %.1f us each\n", what, count, took / 1e3, took / count);
}
static void ask(struct few *few, int fd, uint32_t device, uint64_t sector) {
	struct fsmap *keys = few->head.fmh_keys;
	memset(few, 0, sizeof *few);
	few->head.fmh_count = 4;
	keys[0].fmr_device = keys[1].fmr_device = device;
	keys[0].fmr_physical = sector * SECTOR;
	keys[1].fmr_physical = sector * SECTOR + SECTOR - 1;
	keys[1].fmr_flags = ~0u;
	keys[1].fmr_owner = keys[1].fmr_offset = ~0ull;
	if (ioctl(fd, FS_IOC_GETFSMAP, few) < 0) { perror("GETFSMAP"); exit(1); }
}
static int fsmap(const char *mount, long count) {
	struct stat status;
	struct statvfs size;
	int fd = open(mount, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &status) < 0 || fstatvfs(fd, &size) < 0) { perror(mount); return 1; }
	unsigned major_of = major(status.st_dev), minor_of = minor(status.st_dev);
	uint32_t device = (minor_of & 0xff) | (major_of << 8) | ((minor_of & ~0xffu) << 12);
	uint64_t sectors = (size.f_blocks - size.f_bfree) * (size.f_frsize / SECTOR);
	uint64_t *inodes = malloc(count * sizeof *inodes);
	for (int round = 0; round < ROUNDS; round++) {
		struct few few;
		struct bulkstat bulk;
		long owned = 0;
		srandom(1);
		double began = now();
		for (long i = 0; i < count; i++) {
			ask(&few, fd, device, (((uint64_t)random() << 31) | random()) % sectors);
			if (few.head.fmh_entries > 0 && !(few.records[0].fmr_flags & FMR_OF_SPECIAL_OWNER)) inodes[owned++] = few.records[0].fmr_owner;
		}
		tell("GETFSMAP", began, count);
		began = now();
		for (long i = 0; i < owned; i++) {
			memset(&bulk, 0, 64);
			bulk.inode = inodes[i];
			bulk.capacity = 1;
			ioctl(fd, BULKSTAT, &bulk);
		}
		tell("BULKSTAT", began, owned);
	}
	return 0;
}
static int open_files(const char *mount, long files, long count) {
	static union { struct fiemap map; char room[sizeof(struct fiemap) + 8 * sizeof(struct fiemap_extent)]; } u;
	char path[4096];
	for (int round = 0; round < ROUNDS; round++) {
		srandom(1);
		double began = now();
		for (long i = 0; i < count; i++) {
			long number = random() % files, n = number / 100;
			struct statx status;
			snprintf(path, sizeof path, "%s/d%ld/d%ld/d%ld/d%ld/file-%ld", mount, n / 8000 % 20, n / 400 % 20, n / 20 % 20, n % 20, number);
			int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
			if (fd < 0) { perror(path); return 1; }
			statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status);
			memset(&u.map, 0, sizeof u.map);
			u.map.fm_length = FIEMAP_MAX_OFFSET;
			u.map.fm_extent_count = 8;
			ioctl(fd, FS_IOC_FIEMAP, &u.map);
			close(fd);
		}
		tell("open, statx, FIEMAP, close", began, count);
	}
	return 0;
}
static long list(int fd) {
	char *buffer = malloc(32768);
	char (*below)[NAME_MAX + 1] = NULL;
	long names = 0, count = 0, room = 0;
	for (long n; (n = syscall(SYS_getdents64, fd, buffer, 32768)) > 0;) {
		for (long at = 0; at < n;) {
			struct dirent64 *d = (struct dirent64 *)(buffer + at);
			at += d->d_reclen;
			if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) continue;
			names++;
			if (d->d_type != DT_DIR) continue;
			if (count == room) below = realloc(below, (room = room * 2 + 64) * sizeof *below);
			strcpy(below[count++], d->d_name);
		}
	}
	for (long i = 0; i < count; i++) {
		int child = openat(fd, below[i], O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_NOATIME);
		if (child < 0) continue;
		names += list(child);
		close(child);
	}
	free(below);
	free(buffer);
	return names;
}
static int list_names(const char *mount) {
	for (int round = 0; round < ROUNDS; round++) {
		int fd = open(mount, O_RDONLY | O_DIRECTORY);
		if (fd < 0) { perror(mount); return 1; }
		double began = now();
		tell("names", began, list(fd));
		close(fd);
	}
	return 0;
}
int main(int argc, char **argv) {
	if (argc == 4 && !strcmp(argv[1], "fsmap")) return fsmap(argv[2], atol(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "open")) return open_files(argv[2], atol(argv[3]), atol(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "names")) return list_names(argv[2]);
	fprintf(stderr, "floor fsmap MOUNT COUNT | floor open MOUNT FILES COUNT | floor names MOUNT\n");
	return 2;
}
