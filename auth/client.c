#include "auth/client.h"

#include "base/log.h"

#include <string.h>

bool client_tell(int channel, const unsigned char *address, size_t n)
{
    struct frame_client frame;
    memset(&frame, 0, sizeof frame);
    if (n > sizeof frame.address)
        return false;
    frame.head = (struct frame_head){ FRAME_MAGIC, FRAME_CLIENT };
    frame.address_n = (uint32_t)n;
    memcpy(frame.address, address, n);
    return frame_send(channel, &frame, sizeof frame);
}

bool client_hear(int channel, unsigned seconds, const char *peer, struct frame_client *frame_r)
{
    struct timespec deadline;
    size_t n = 0;
    if (clock_gettime(CLOCK_MONOTONIC, &deadline) < 0)
        return false;
    deadline.tv_sec += seconds;
    enum frame_got got = frame_receive(channel, frame_r, sizeof *frame_r, &n, &deadline);
    if (got == FRAME_CLOSED || got == FRAME_LATE)
        return false;
    if (got == FRAME_GOT && frame_client_valid(frame_r, n))
        return true;
    log_error("gate: a frame that tells no client; the connection is ended: rip=%s", peer);
    return false;
}
