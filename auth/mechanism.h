/* What is known of a mechanism by its number, in every role. */
#ifndef AUTH_MECHANISM_H
#define AUTH_MECHANISM_H

#include "auth/gate.h"

#include <stdint.h>

/* Its name as in AUTH=; "command" for the LOGIN command. Static. */
const char *auth_mechanism_name(uint32_t mechanism);

/* Whether a bearer token stands in the password's place. */
bool auth_mechanism_has_token(uint32_t mechanism);

#endif
