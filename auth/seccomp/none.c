/* A build with SANDBOX=no: no filters. */
#include "auth/filter.h"

const struct filter filter_gate = { 0, 0 };
const struct filter filter_gate_tls = { 0, 0 };
const struct filter filter_session = { 0, 0 };
