/* A directory of mail folders that are files, as UW-IMAP, pine and mutt keep them. */
#ifndef COMMAND_MBOX_TREE_H
#define COMMAND_MBOX_TREE_H

#include "mailstore/store.h"

struct mbox_tree {
    /* A file, in the order of the names' octets; `dir` and `entry` to open it by, its path
     * below the tree, and the folder that it stands for (normal, UTF-8). */
    void (*file)(void *ctx, int dir, const char *entry, const char *path, const char *folder);
    /* What is not looked at; or where the walk could not go on, and that is a failure. */
    void (*left)(void *ctx, const char *path, bool failure, const char *why);
    void *ctx;
};

/* Walks through the tree open at `dir` (the caller's). into: the folder above all of them, or
 * NULL. Entries that begin with a dot, and X.lock beside X, are passed over in silence; links
 * and what is no plain file are told; so are Maildirs, the tree itself, too. */
void mbox_tree_walk(int dir, const char *into, const struct mbox_tree *tree);

/* The normal folder name of a path of `n` octets below `into` (or NULL). Each level is modified
 * UTF-7, as IMAP clients have given it; one that is not, is taken as UTF-8, as mutt writes it.
 * STORE_CANNOT, STORE_LIMIT: it can be no folder's (folder_name_normalize); STORE_UNAVAILABLE:
 * no memory. out holds FOLDER_NAME_MAX + 1. */
enum store_error mbox_tree_folder(const char *into, const char *path, size_t n, char *out);

/* openat(2) for reading, without a change of the file's atime where the kernel lets us (we own
 * it): shells and mutt tell new mail by that. flags: more of open's. */
int mbox_tree_open(int dir, const char *path, int flags);

/* What is subscribed of the tree at `dir`, whose own name is `base` ("" for none): the lines of
 * its .mailboxlist, and those of the one above it that begin with `base` and a slash, as
 * UW-IMAP, to which names are below the home directory, writes them. Sorted, the same folders
 * that mbox_tree_folder names; free with folder_list_free. False, and errno: it could not be
 * read; *found_r: whether there was one. */
bool mbox_tree_subscribed(int dir, const char *base, const char *into,
                          struct folder_list *list_r, bool *found_r);

#endif
