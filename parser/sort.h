/* A SORT program (RFC 5256; DISPLAYFROM and DISPLAYTO: RFC 5957; RETURN: RFC 5267 section 3;
 * RELEVANCY: RFC 6203 section 6), and a THREAD program. */
#ifndef PARSER_SORT_H
#define PARSER_SORT_H

#include "parser/search.h"

enum sort_by {
    SORT_BY_ARRIVAL,
    SORT_BY_CC,
    SORT_BY_DATE,
    SORT_BY_DISPLAYFROM,
    SORT_BY_DISPLAYTO,
    SORT_BY_FROM,
    SORT_BY_RELEVANCY,
    SORT_BY_SIZE,
    SORT_BY_SUBJECT,
    SORT_BY_TO,
    SORT_BYS
};

struct sort_criterion {
    enum sort_by by;
    bool reverse;
};

struct sort_program {
    struct sort_criterion
        criterion[SORT_BYS]; /* a second one of a kind orders nothing any more */
    size_t criteria;
    struct search_program search;
};

/* ["RETURN (" options ")" SP] "(" criteria ")" SP charset SP keys */
bool parse_sort(struct lexer *lx, struct sort_program *program_r);

enum thread_algorithm { THREAD_ORDEREDSUBJECT, THREAD_REFERENCES, THREAD_REFS };

struct thread_program {
    enum thread_algorithm algorithm;
    struct search_program search;
};

/* algorithm SP charset SP keys */
bool parse_thread(struct lexer *lx, struct thread_program *program_r);

#endif
