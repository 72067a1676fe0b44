/* CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 sections 6.3.3, 6.3.4, 6.3.6, 6.3.7. */
#include "command/command.h"

typedef enum store_error folder_action(struct store *store, const char *name);

static void act(struct command *c, folder_action *action, const char *done)
{
    char name[FOLDER_NAME_MAX + 1];
    enum store_error error = mailbox_from_wire(c->args, name);
    if (error == STORE_OK)
        error = action(c->session->store, name);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, done);
}

static enum store_error subscribe(struct store *store, const char *name)
{
    return subscriptions_change(store, name, true);
}

static enum store_error unsubscribe(struct store *store, const char *name)
{
    return subscriptions_change(store, name, false);
}

void run_create(struct command *c)
{
    act(c, folder_create, "CREATE completed");
}

void run_delete(struct command *c)
{
    act(c, folder_delete, "DELETE completed");
}

void run_subscribe(struct command *c)
{
    act(c, subscribe, "SUBSCRIBE completed");
}

void run_unsubscribe(struct command *c)
{
    act(c, unsubscribe, "UNSUBSCRIBE completed");
}
