/* RENAME: RFC 3501 section 6.3.5. */
#include "command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rename_args {
    struct text from, to;
};

bool parse_rename(struct command *c)
{
    struct rename_args *args = command_args(c, sizeof *args);
    return args != NULL && parse_mailbox(c->lexer, &args->from) &&
           parse_mailbox(c->lexer, &args->to) && lexer_end(c->lexer);
}

/* Removes from INBOX what has been copied: \Deleted first, for that is what an expunge removes.
 */
static enum store_error remove_all(struct mailbox *inbox, const struct view_messages *all)
{
    static const struct flag_change deleted = { .op = FLAGS_ADD, .flags = FLAG_DELETED };
    size_t n;
    enum store_error error = mailbox_store(inbox, all->uid, all->count, &deleted, &n);
    return error != STORE_OK ? error : mailbox_expunge(inbox, all->uid, all->count, &n);
}

/* Copies the messages that are in INBOX now. *all_r is the caller's to free. */
static enum store_error copy_all(struct mailbox *inbox, const char *to,
                                 struct view_messages *all_r)
{
    struct mailbox_counts counts;
    struct message_info info = { 0 };
    uint32_t uidvalidity;
    mailbox_counts(inbox, &counts);
    if (counts.messages == 0)
        return STORE_OK;
    all_r->uid = calloc(counts.messages, sizeof *all_r->uid);
    uint32_t *new_uid = calloc(counts.messages, sizeof *new_uid);
    enum store_error error = STORE_UNAVAILABLE;
    if (all_r->uid != NULL && new_uid != NULL) {
        while (all_r->count < counts.messages && mailbox_next(inbox, info.uid + 1, &info))
            all_r->uid[all_r->count++] = info.uid;
        if (all_r->count == counts.messages)
            error =
                mailbox_copy(inbox, all_r->uid, all_r->count, to, true, &uidvalidity, new_uid);
    }
    free(new_uid);
    return error;
}

/* Takes back a folder that was just made, unless somebody has put mail into it. */
static void take_back(struct store *store, const char *name)
{
    struct mailbox_counts counts;
    if (mailbox_status(store, name, false, &counts) == STORE_OK && counts.messages == 0)
        folder_delete(store, name);
}

/* RENAME of INBOX moves its messages to a new folder and leaves INBOX empty, and the folders
 * below it where they are (RFC 3501 section 6.3.5). A crash between copy and removal leaves
 * messages in both places, never in none. */
static enum store_error rename_inbox(struct store *store, const char *to)
{
    struct mailbox *inbox = NULL;
    struct view_messages all = { 0 };
    enum store_error error = folder_create(store, to);
    if (error != STORE_OK)
        return error;
    error = mailbox_open(store, "INBOX", true, &inbox);
    if (error == STORE_OK)
        error = copy_all(inbox, to, &all);
    if (error != STORE_OK)
        take_back(store, to);
    else if (all.count > 0)
        error = remove_all(inbox, &all);
    view_messages_free(&all);
    if (inbox != NULL)
        mailbox_close(inbox);
    return error;
}

/* The selected folder stays selected, under its new name. */
static void follow_selected(struct session *s, const char *from, const char *to)
{
    size_t n = strlen(from);
    char *name = NULL;
    if (s->state != STATE_SELECTED || strcmp(from, "INBOX") == 0 ||
        strncmp(s->view.name, from, n) != 0 ||
        (s->view.name[n] != '\0' && s->view.name[n] != '/') ||
        asprintf(&name, "%s%s", to, s->view.name + n) < 0)
        return;
    free(s->view.name);
    s->view.name = name;
}

void run_rename(struct command *c)
{
    const struct rename_args *args = c->args;
    char from[FOLDER_NAME_MAX + 1], to[FOLDER_NAME_MAX + 1];
    struct store *store = c->session->store;
    enum store_error error = mailbox_from_wire(c->session, &args->from, from);
    if (error == STORE_OK)
        error = mailbox_to_create(c->session, &args->to, to);
    view_close(&c->session->parked); /* it may be what is renamed */
    if (error == STORE_OK)
        error = strcmp(from, "INBOX") == 0 ? rename_inbox(store, to)
                                           : folder_rename(store, from, to);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    follow_selected(c->session, from, to);
    command_ok(c, NULL, "RENAME completed");
}
