/*
 * The base subject (RFC 5256 section 2.1): a subject without what answering and forwarding
 * put around it.
 */
#ifndef MESSAGE_BASE_SUBJECT_H
#define MESSAGE_BASE_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

struct base_subject {
    const char *text; /* a piece of the subject */
    size_t len;
    bool reply; /* it is a reply or forward, as THREAD=REFERENCES asks (section 3): something
                 * other than white space and blobs ("[list]") was around it */
};

/* Finds the base of a subject that is UTF-8 already (its field unfolded, encoded-words
 * decoded), in linear time. The white space in it is changed in place: each run becomes one
 * space. */
struct base_subject base_subject_find(char *subject, size_t n);

#endif
