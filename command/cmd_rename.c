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

/* Moves the messages that are in INBOX now. */
static enum store_error move_all(struct mailbox *inbox, const char *to)
{
    struct mailbox_counts counts;
    struct message_info info = { 0 };
    uint32_t uidvalidity;
    size_t moved;
    size_t n = 0;
    mailbox_counts(inbox, &counts);
    if (counts.messages == 0)
        return STORE_OK;
    uint32_t *uid = calloc(counts.messages, sizeof *uid);
    uint32_t *new_uid = calloc(counts.messages, sizeof *new_uid);
    enum store_error error = STORE_UNAVAILABLE;
    if (uid != NULL && new_uid != NULL) {
        while (n < counts.messages && mailbox_next(inbox, info.uid + 1, &info))
            uid[n++] = info.uid;
        if (n == counts.messages)
            error = mailbox_move(inbox, uid, n, to, &uidvalidity, new_uid, &moved);
    }
    free(uid);
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
 * below it where they are (RFC 3501 section 6.3.5). Broken off it has moved some of them. */
static enum store_error rename_inbox(struct store *store, const char *to)
{
    struct mailbox *inbox = NULL;
    enum store_error error = folder_create(store, to);
    if (error != STORE_OK)
        return error;
    error = mailbox_open(store, "INBOX", true, &inbox);
    if (error == STORE_OK)
        error = move_all(inbox, to);
    if (error != STORE_OK)
        take_back(store, to);
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
