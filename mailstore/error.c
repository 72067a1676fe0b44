#include "mailstore/error.h"

#include "base/log.h"

#include <errno.h>

enum store_error store_error_from_errno(int err)
{
    switch (err) {
    case 0:
        return STORE_OK;
    case ENOENT:
    case ENOTDIR:
        return STORE_NONEXISTENT;
    case EEXIST:
    case ENOTEMPTY:
        return STORE_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: /* a link where none may be */
    case EXDEV: /* a link that leads out of the mail root: openat2(2) */
        return STORE_NOPERM;
    case EDQUOT:
    case ENOSPC:
    case EFBIG:
        return STORE_OVERQUOTA;
    case ENAMETOOLONG:
    case EMLINK:
    case EOVERFLOW:
        return STORE_LIMIT;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case ESTALE:
    case EBUSY:
    case ETIMEDOUT:
        return STORE_UNAVAILABLE;
    default:
        errno = err;
        log_error("the mail store met an unexpected error: %m");
        return STORE_IO;
    }
}

const char *store_error_text(enum store_error e)
{
    switch (e) {
    case STORE_OK:
        return "Done";
    case STORE_NONEXISTENT:
        return "No such mailbox";
    case STORE_EXISTS:
        return "Mailbox exists already";
    case STORE_CANNOT:
        return "This can't be done with that mailbox name";
    case STORE_HASCHILDREN:
        return "There are mailboxes below it, and it is none itself";
    case STORE_EXPUNGED:
        return "Some of the messages are gone";
    case STORE_NOPERM:
        return "Permission denied";
    case STORE_OVERQUOTA:
        return "No space left";
    case STORE_LIMIT:
        return "A limit is exceeded";
    case STORE_INUSE:
        return "Mailbox is in use";
    case STORE_CORRUPT:
        return "Mailbox is damaged";
    case STORE_UNAVAILABLE:
        return "Temporarily unavailable";
    case STORE_IO:
        break;
    }
    return "Internal error, see the log";
}
