/*
 * The peer of the FIEMAP walk: one thread, openat and getdents64 and FIEMAP of every file, wanted sectors in a sorted
 * array. Prints "sector path" for each that lies in a file. walk ROOT < sectors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXTENTS 128
static uint64_t *wanted;
static size_t count;

static int ascending(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}
static size_t first_from(uint64_t sector) {
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (wanted[middle] < sector) low = middle + 1; else high = middle;
	}
	return low;
}
static void look(int fd, const char *path) {
	static union { struct fiemap map; char room[sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent)]; } u;
	uint64_t start = 0;
	for (;;) {
		memset(&u.map, 0, sizeof u.map);
		u.map.fm_start = start;
		u.map.fm_length = FIEMAP_MAX_OFFSET - start;
		u.map.fm_extent_count = EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0) return;
		for (unsigned i = 0; i < u.map.fm_mapped_extents; i++) {
			struct fiemap_extent *e = &u.map.fm_extents[i];
			start = e->fe_logical + e->fe_length;
			if (e->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL))
				continue;
			uint64_t end = (e->fe_physical + e->fe_length) / 512;
			for (size_t w = first_from(e->fe_physical / 512); w < count && wanted[w] < end; w++)
				printf("%lu %s\n", (unsigned long)wanted[w], path);
			if (e->fe_flags & FIEMAP_EXTENT_LAST) return;
		}
		if (u.map.fm_mapped_extents < EXTENTS) return;
	}
}
static void walk(int fd, char *path, size_t length) {
	char *buffer = malloc(32768);
	char *names = NULL;
	size_t used = 0, room = 0;
	for (long n; (n = syscall(SYS_getdents64, fd, buffer, 32768)) > 0;) {
		for (long at = 0; at < n;) {
			struct dirent64 *d = (struct dirent64 *)(buffer + at);
			at += d->d_reclen;
			if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) continue;
			size_t size = strlen(d->d_name) + 1;
			if (d->d_type == DT_DIR) {
				if (used + size > room) names = realloc(names, room = (used + size) * 2);
				memcpy(names + used, d->d_name, size);
				used += size;
			} else if (d->d_type == DT_REG) {
				int file = openat(fd, d->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
				if (file < 0) continue;
				snprintf(path + length, 4096 - length, "/%s", d->d_name);
				look(file, path);
				close(file);
			}
		}
	}
	for (size_t at = 0; at < used; at += strlen(names + at) + 1) {
		int below = openat(fd, names + at, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_NOATIME);
		if (below < 0) continue;
		int added = snprintf(path + length, 4096 - length, "/%s", names + at);
		walk(below, path, length + added);
		close(below);
	}
	free(names);
	free(buffer);
}
int main(int argc, char **argv) {
	static char path[4096];
	unsigned long sector;
	size_t room = 0;
	if (argc != 2) return 2;
	while (scanf("%lu", &sector) == 1) {
		if (count == room) wanted = realloc(wanted, (room = room * 2 + 64) * sizeof *wanted);
		wanted[count++] = sector;
	}
	qsort(wanted, count, sizeof *wanted, ascending);
	snprintf(path, sizeof path, "%s", argv[1]);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	if (fd < 0) return 1;
	walk(fd, path, strlen(path));
	return 0;
}
