/* How an operation of the store can end. */
#ifndef MAILSTORE_ERROR_H
#define MAILSTORE_ERROR_H

enum store_error {
    STORE_OK = 0,
    STORE_NONEXISTENT, /* no such folder */
    STORE_EXISTS,      /* a folder of that name is there already */
    STORE_CANNOT,      /* the name or the request can never be served (INBOX deleted ...) */
    STORE_HASCHILDREN, /* nothing but a level above folders, which can't be deleted */
    STORE_EXPUNGED,    /* the message is gone: another session or program removed it */
    STORE_NOPERM,      /* EACCES, EPERM, EROFS */
    STORE_OVERQUOTA,   /* EDQUOT, ENOSPC, EFBIG */
    STORE_LIMIT,   /* a limit of ours or of the format: name length, keywords, UIDs used up */
    STORE_INUSE,   /* a lock was not to be had in its time */
    STORE_CORRUPT, /* what is on disk makes no sense and can't be mended */
    STORE_UNAVAILABLE, /* passing trouble: EMFILE, ENFILE, ENOMEM, EAGAIN, ESTALE */
    STORE_IO           /* EIO and whatever else; logged with its errno */
};

/* What an errno value means for the store (ENOENT: STORE_NONEXISTENT). */
enum store_error store_error_from_errno(int err);

/* A short English text for a person, without a full stop. Never NULL. */
const char *store_error_text(enum store_error e);

#endif
