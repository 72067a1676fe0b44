/* What the module shows: net/tls.h. */
#include "net/tls/tls.h"

__attribute__((visibility("default"))) const struct tls_module imapd_tls_module = {
    .size = sizeof(struct tls_module),
    .version = IMAPD_VERSION,
    .load = keys_load,
    .unload = keys_unload,
    .accept = connection_accept,
    .close = connection_close,
    .handshake = connection_handshake,
    .facts = connection_facts,
    .why = connection_why,
};
