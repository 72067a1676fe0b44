/*
 * Whether the index survived a crash of the machine.
 *
 * Nothing waits for the disk when the index is written. A process that dies takes nothing with
 * it, since the kernel has it all; but when the machine stops, the disk has some pages and not
 * others, and the file may be torn in a way that nobody can see. So the file `boot` says which
 * boot of the machine has been writing, or that everything is on the disk ("whole"). It says so
 * durably before the first page is written: the only flush that a command can meet, and it is
 * of one block that the file has already.
 *
 * The last process to go flushes the index and then writes "whole". That need not be durable:
 * the older text only makes us begin anew once more.
 */
#include "mailstore/account.h"
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BOOT_FILE "boot"
#define BOOT_ID   "/proc/sys/kernel/random/boot_id"

/* 36 characters of an UUID; anything much shorter would not be unique. */
#define ID_MIN 16

static const char whole[] = "whole";

static void put_text(char out[INDEX_BOOT_SIZE], const char *text, size_t n)
{
    memset(out, ' ', INDEX_BOOT_SIZE);
    memcpy(out, text, n);
    out[INDEX_BOOT_SIZE - 1] = '\n';
}

void index_boot_id(char id_r[INDEX_BOOT_SIZE])
{
    char text[INDEX_BOOT_SIZE];
    memset(id_r, 0, INDEX_BOOT_SIZE);
    int fd = sys_openat(AT_FDCWD, BOOT_ID, O_RDONLY, 0);
    if (fd < 0)
        return;
    ssize_t n = sys_read(fd, text, sizeof text - 1);
    sys_close(fd);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    if (n >= ID_MIN)
        put_text(id_r, text, (size_t)n);
}

/* A link or a pipe that somebody put there must not lead or hold us anywhere. */
static int open_boot(int db, int flags)
{
    return sys_openat(db, BOOT_FILE, flags | O_NOFOLLOW | O_NONBLOCK, MODE_FILE);
}

enum index_boot index_boot_look(int db, const char id[INDEX_BOOT_SIZE], bool others)
{
    char text[INDEX_BOOT_SIZE];
    char sound[INDEX_BOOT_SIZE];
    int fd = open_boot(db, O_RDONLY);
    if (fd < 0)
        return INDEX_BOOT_OTHER;
    ssize_t n = sys_pread(fd, text, sizeof text, 0);
    sys_close(fd);
    put_text(sound, whole, sizeof whole - 1);
    if (n != INDEX_BOOT_SIZE)
        return INDEX_BOOT_OTHER;
    if (memcmp(text, sound, sizeof text) == 0)
        return INDEX_BOOT_WHOLE;
    bool this = id[0] != '\0' ? memcmp(text, id, sizeof text) == 0 : others;
    return this ? INDEX_BOOT_THIS : INDEX_BOOT_OTHER;
}

static bool write_text(int fd, const char text[INDEX_BOOT_SIZE])
{
    ssize_t n = sys_pwrite(fd, text, INDEX_BOOT_SIZE, 0);
    if (n >= 0 && n != INDEX_BOOT_SIZE)
        errno = ENOSPC;
    return n == INDEX_BOOT_SIZE;
}

bool index_boot_make(int db, const char id[INDEX_BOOT_SIZE])
{
    int fd = open_boot(db, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return false;
    bool ok = write_text(fd, id);
    int saved = errno;
    sys_close(fd);
    errno = saved;
    return ok;
}

bool index_boot_mark(int db, const char id[INDEX_BOOT_SIZE])
{
    int fd = open_boot(db, O_WRONLY);
    if (fd < 0)
        return false;
    bool ok = write_text(fd, id) && sys_fdatasync(fd) == 0;
    int saved = errno;
    sys_close(fd);
    errno = saved;
    return ok;
}

void index_boot_whole(int db)
{
    char text[INDEX_BOOT_SIZE];
    int fd = open_boot(db, O_WRONLY);
    if (fd < 0)
        return;
    put_text(text, whole, sizeof whole - 1);
    (void)write_text(fd, text);
    sys_close(fd);
}
