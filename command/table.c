/* The protocol's table of contents. */
#include "command/command.h"

#define ANY    (STATE_NOT_AUTHENTICATED | STATE_AUTHENTICATED | STATE_SELECTED)
#define BEFORE STATE_NOT_AUTHENTICATED
#define AFTER  (STATE_AUTHENTICATED | STATE_SELECTED)
#define INSIDE STATE_SELECTED

const struct command_entry command_table[] = {
    /* Any state: RFC 3501 section 6.1; ID: RFC 2971. */
    { "CAPABILITY", ANY, NEWS_ALL, parse_nothing, run_capability },
    { "NOOP", ANY, NEWS_ALL, parse_nothing, run_noop },
    { "LOGOUT", ANY, NEWS_NONE, parse_nothing, run_logout },
    { "ID", ANY, NEWS_ALL, parse_id, run_id },
    /* Not authenticated state: 6.2. */
    { "STARTTLS", BEFORE, NEWS_NONE, parse_nothing, run_starttls },
    { "LOGIN", BEFORE, NEWS_NONE, parse_login, run_login },
    { "AUTHENTICATE", BEFORE, NEWS_NONE, parse_authenticate, run_authenticate },
    /* Authenticated state: 6.3; NAMESPACE: RFC 2342; IDLE: RFC 2177; ENABLE: RFC 5161;
     * COMPRESS: RFC 4978.
     */
    { "COMPRESS", AFTER, NEWS_NONE, parse_compress, run_compress },
    { "ENABLE", AFTER, NEWS_ALL, parse_enable, run_enable },
    { "SELECT", AFTER, NEWS_NONE, parse_select, run_select },
    { "EXAMINE", AFTER, NEWS_NONE, parse_select, run_examine },
    { "CREATE", AFTER, NEWS_ALL, parse_create, run_create },
    { "DELETE", AFTER, NEWS_ALL, parse_one_mailbox, run_delete },
    { "RENAME", AFTER, NEWS_ALL, parse_rename, run_rename },
    { "SUBSCRIBE", AFTER, NEWS_ALL, parse_one_mailbox, run_subscribe },
    { "UNSUBSCRIBE", AFTER, NEWS_ALL, parse_one_mailbox, run_unsubscribe },
    { "LIST", AFTER, NEWS_ALL, parse_list, run_list },
    { "LSUB", AFTER, NEWS_ALL, parse_lsub, run_lsub },
    { "NAMESPACE", AFTER, NEWS_ALL, parse_nothing, run_namespace },
    { "STATUS", AFTER, NEWS_ALL, parse_status, run_status },
    { "APPEND", AFTER, NEWS_ALL, parse_append, run_append },
    { "IDLE", AFTER, NEWS_ALL, parse_nothing, run_idle },
    /* Selected state: 6.4; UNSELECT: RFC 3691; UID EXPUNGE: RFC 4315; MOVE: RFC 6851; REPLACE:
       RFC 8508; SORT and THREAD: RFC 5256; CANCELUPDATE: RFC 5267. */
    { "CHECK", INSIDE, NEWS_ALL, parse_nothing, run_check },
    { "CLOSE", INSIDE, NEWS_NONE, parse_nothing, run_close },
    { "UNSELECT", INSIDE, NEWS_NONE, parse_nothing, run_unselect },
    { "EXPUNGE", INSIDE, NEWS_ALL, parse_nothing, run_expunge },
    { "UID EXPUNGE", INSIDE, NEWS_ALL, parse_uid_expunge, run_uid_expunge },
    { "SEARCH", INSIDE, NEWS_NO_EXPUNGE, parse_search_command, run_search },
    { "UID SEARCH", INSIDE, NEWS_ALL, parse_search_command, run_search },
    { "CANCELUPDATE", INSIDE, NEWS_ALL, parse_cancelupdate, run_cancelupdate },
    { "SORT", INSIDE, NEWS_NO_EXPUNGE, parse_sort_command, run_sort },
    { "UID SORT", INSIDE, NEWS_ALL, parse_sort_command, run_sort },
    { "THREAD", INSIDE, NEWS_NO_EXPUNGE, parse_thread_command, run_thread },
    { "UID THREAD", INSIDE, NEWS_ALL, parse_thread_command, run_thread },
    { "FETCH", INSIDE, NEWS_NO_EXPUNGE, parse_fetch_command, run_fetch },
    { "UID FETCH", INSIDE, NEWS_ALL, parse_fetch_command, run_fetch },
    { "STORE", INSIDE, NEWS_NO_EXPUNGE, parse_store, run_store },
    { "UID STORE", INSIDE, NEWS_ALL, parse_store, run_store },
    { "COPY", INSIDE, NEWS_ALL, parse_copy, run_copy },
    { "UID COPY", INSIDE, NEWS_ALL, parse_copy, run_copy },
    { "MOVE", INSIDE, NEWS_ALL, parse_copy, run_move },
    { "UID MOVE", INSIDE, NEWS_ALL, parse_copy, run_move },
    { "REPLACE", INSIDE, NEWS_ALL, parse_replace, run_replace },
    { "UID REPLACE", INSIDE, NEWS_ALL, parse_replace, run_replace },
    { 0 },
};
