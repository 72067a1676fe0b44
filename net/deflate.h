/*
 * COMPRESS=DEFLATE (RFC 4978): a transport over a session's descriptors, by zlib, which is
 * loaded when the first client asks: linked, it would be mapped by every process of every
 * connection, of which hardly one uses it.
 */
#ifndef NET_DEFLATE_H
#define NET_DEFLATE_H

#include "net/transport.h"

/* A transport that deflates to out_fd and inflates from in_fd (one socket, or two ends of
 * pipes; they stay the caller's). NULL: no memory, or no zlib; *why_r then is a constant that
 * says it. About 300 KB. */
struct transport *deflate_begin(int in_fd, int out_fd, const char **why_r);
void deflate_end(struct transport *t);

#endif
