/* Ending before there is a session. */
#ifndef REFUSE_H
#define REFUSE_H

/* Why we end is the administrator's business, on standard error too, which is never the client;
 * the client learns only that we do. Returns status. */
__attribute__((format(printf, 2, 3))) int refuse(int status, const char *fmt, ...);

#endif
