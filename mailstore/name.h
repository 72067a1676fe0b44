/* Folder names: what the client sees, and the directory entries that stand for it. */
#ifndef MAILSTORE_NAME_H
#define MAILSTORE_NAME_H

#include "base/buffer.h"
#include "mailstore/store.h"

/* Octets of one directory entry (NAME_MAX of every file system we know). */
#define ENTRY_MAX 255

/* As mutf7_to_utf8, but takes also what is not the only encoding of what it says: printable
 * ASCII in base64, shifts that were not needed, stray bits at the end. */
bool mutf7_decode_loosely(const char *in, size_t n, struct buffer *out);

/* How a name is stored: as always, or so that it is found although the canonical entry is taken
 * by what is no folder (the head of name.c). */
enum storing { STORED_CANONICALLY, STORED_OTHERWISE };

/* Appends one level of a normal name (n octets of UTF-8) as it is stored. False: no memory, or
 * the buffer's ceiling. */
bool level_store(enum store_layout layout, const char *level, size_t n, enum storing how,
                 struct buffer *out);

/* Appends what a stored level stands for. False, nothing appended: it can't be shown as it is.
 */
bool level_show(const char *stored, size_t n, struct buffer *out);

/* Appends the form in which any stored level at all can be shown (the head of name.c). */
bool level_show_opaque(const char *stored, size_t n, struct buffer *out);

/* A stored level as the client sees it: level_show or else level_show_opaque. */
bool level_show_somehow(const char *stored, size_t n, struct buffer *out);

/* Appends the path below the root of a normal name other than INBOX; `how` is for its last
 * level. False as for level_store. */
bool name_store(enum store_layout layout, const char *name, enum storing how,
                struct buffer *path);

/* A ceiling for a path made of a name: no octet of it needs more than twelve. */
#define PATH_ROOM ((size_t)12 * FOLDER_NAME_MAX)

/* "." and "..", and what is on its way in or out (maildir.c): never a folder. */
bool name_is_hidden(const char *entry);

/* Whether in layout fs an entry of this name may be a file or directory that is no folder. */
bool name_is_reserved(const char *entry);

/* Order of lists: INBOX and what is below it first, else octet by octet with '/' before all
 * others, so that whatever is below a folder follows it directly. As strcmp(3). */
int name_compare(const char *a, const char *b);

/* Whether `name` is below `above` (not the same). */
bool name_is_below(const char *name, const char *above);

/* How many levels a name has. */
size_t name_levels(const char *name);

/* Writes the normal form of a C string to out (FOLDER_NAME_MAX + 1): folder_name_normalize. */
enum store_error name_check(const char *name, char *out);

#endif
