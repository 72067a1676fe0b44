#include "auth/mechanism.h"

const char *auth_mechanism_name(uint32_t mechanism)
{
    static const char *const names[] = {
        [MECHANISM_COMMAND] = "command",
        [MECHANISM_LOGIN] = "LOGIN",
        [MECHANISM_PLAIN] = "PLAIN",
        [MECHANISM_EXTERNAL] = "EXTERNAL",
        [MECHANISM_SCRAM] = "SCRAM-SHA-256",
        [MECHANISM_SCRAM_PLUS] = "SCRAM-SHA-256-PLUS",
        [MECHANISM_OAUTHBEARER] = "OAUTHBEARER",
        [MECHANISM_XOAUTH2] = "XOAUTH2",
    };
    _Static_assert(sizeof names / sizeof *names == MECHANISMS, "a name for each");
    return mechanism < MECHANISMS ? names[mechanism] : "unknown";
}

bool auth_mechanism_has_token(uint32_t mechanism)
{
    return mechanism == MECHANISM_OAUTHBEARER || mechanism == MECHANISM_XOAUTH2;
}
