#include "session/select.h"

#include <string.h>

/* What could not be opened as it was asked for is asked for again. */
static bool can_be_kept(const struct view *v)
{
    return v->read_only == v->examined && mailbox_uids_sticky(v->mailbox);
}

/* A folder that others have renamed is open still, under a name that is no more its own. */
static bool is_that(const struct view *v, const char *name, bool examine)
{
    return v->mailbox != NULL && v->examined == examine && strcmp(v->name, name) == 0 &&
           can_be_kept(v) && mailbox_is_at(v->mailbox, name);
}

static struct view take(struct view *from)
{
    struct view v = *from;
    memset(from, 0, sizeof *from);
    return v;
}

void select_leave(struct view *v, struct view *parked)
{
    if (v->mailbox == NULL)
        return;
    view_close(parked);
    if (can_be_kept(v))
        *parked = take(v);
    else
        view_close(v);
}

enum store_error select_folder(struct view *v, struct view *parked, struct store *store,
                               const char *name, bool examine)
{
    struct view again = { 0 };
    if (is_that(v, name, examine))
        again = take(v);
    else if (is_that(parked, name, examine))
        again = take(parked);
    select_leave(v, parked);
    if (again.mailbox != NULL && view_reopen(&again) == STORE_OK) {
        *v = again;
        return STORE_OK;
    }
    view_close(&again);
    return view_open(v, store, name, examine);
}
