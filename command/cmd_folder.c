/* DELETE, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 sections 6.3.4, 6.3.6, 6.3.7. */
#include "command/command.h"

#include <string.h>

typedef enum store_error folder_action(struct store *store, const char *name);

/* `name` holds FOLDER_NAME_MAX + 1. */
static enum store_error act(struct command *c, folder_action *action, char *name,
                            const char *done)
{
    enum store_error error = mailbox_from_wire(c->session, c->args, name);
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

/* Who deletes the folder that it has selected, has none selected. */
void run_delete(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    struct session *s = c->session;
    view_close(&s->parked); /* it may be what is deleted */
    if (act(c, folder_delete, name, "DELETE completed") != STORE_OK ||
        s->state != STATE_SELECTED || strcmp(s->view.name, name) != 0)
        return;
    view_close(&s->view);
    s->state = STATE_AUTHENTICATED;
}

void run_subscribe(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    act(c, subscribe, name, "SUBSCRIBE completed");
}

void run_unsubscribe(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    act(c, unsubscribe, name, "UNSUBSCRIBE completed");
}
