/* CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 sections 6.3.3, 6.3.4, 6.3.6, 6.3.7. */
#include "command/status.h"

#include <string.h>

typedef enum store_error folder_action(struct store *store, const char *name);
typedef enum store_error name_maker(const struct session *s, const struct text *wire,
                                    char *out);

/* `name` holds FOLDER_NAME_MAX + 1. */
static enum store_error act(struct command *c, name_maker *make, folder_action *action,
                            char *name, const char *done)
{
    enum store_error error = make(c->session, c->args, name);
    if (error == STORE_OK)
        error = action(c->session->store, name);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, done);
    return error;
}

static enum store_error subscribe(struct store *store, const char *name)
{
    return subscriptions_change(store, name, true);
}

static enum store_error unsubscribe(struct store *store, const char *name)
{
    return subscriptions_change(store, name, false);
}

/* What is parked may be what is made or deleted here. */
void run_create(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    view_close(&c->session->parked);
    if (act(c, mailbox_to_create, folder_create, name, "CREATE completed") == STORE_OK)
        command_ok(c, mailbox_id_code(c, name), "CREATE completed"); /* RFC 8474 section 4.1 */
}

/* Who deletes the folder that it has selected, has none selected. */
void run_delete(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    struct session *s = c->session;
    view_close(&s->parked);
    if (act(c, mailbox_from_wire, folder_delete, name, "DELETE completed") != STORE_OK ||
        s->state != STATE_SELECTED || strcmp(s->view.name, name) != 0)
        return;
    view_close(&s->view);
    s->state = STATE_AUTHENTICATED;
}

void run_subscribe(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    act(c, mailbox_from_wire, subscribe, name, "SUBSCRIBE completed");
}

void run_unsubscribe(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    act(c, mailbox_from_wire, unsubscribe, name, "UNSUBSCRIBE completed");
}
