/* What LOGIN and AUTHENTICATE have in common. */
#ifndef COMMAND_LOGIN_H
#define COMMAND_LOGIN_H

#include "auth/gate.h"
#include "command/command.h"

/* Whether a password may be sent on this connection; if not the command is ended, NO
 * [PRIVACYREQUIRED]. */
bool login_allowed(struct command *c);

/* Ends the command as the parent has decided: silently with the hand-over, or NO. */
void login_answer(struct command *c, enum auth_verdict verdict);

#endif
