#include "parser/qresync.h"

/* A sequence-set without '*' and "$". */
static bool known_set(struct lexer *lx, struct sequence_set *set_r)
{
    if (!parse_sequence_set(lx, set_r))
        return false;
    if (set_r->saved)
        return lexer_fail(lx, LEXER_SYNTAX, "$ is not for QRESYNC");
    for (size_t i = 0; i < set_r->count; i++)
        if (set_r->range[i].first == SEQUENCE_STAR || set_r->range[i].last == SEQUENCE_STAR)
            return lexer_fail(lx, LEXER_SYNTAX, "* is not for QRESYNC");
    return true;
}

/* A known_set in ascending order; *n_r: how many numbers there are. */
static bool ascending_set(struct lexer *lx, struct sequence_set *set_r, uint64_t *n_r)
{
    uint32_t before = 0;
    *n_r = 0;
    if (!known_set(lx, set_r))
        return false;
    for (size_t i = 0; i < set_r->count; i++) {
        const struct sequence_range *r = &set_r->range[i];
        if (r->first <= before || r->last < r->first)
            return lexer_fail(lx, LEXER_SYNTAX, "sequence match data must ascend");
        before = r->last;
        *n_r += (uint64_t)r->last - r->first + 1;
    }
    return true;
}

/* "(" known-sequence-set SP known-uid-set ")", behind the parenthesis. */
static bool sample(struct lexer *lx, struct qresync *q)
{
    uint64_t numbers, uids;
    if (!ascending_set(lx, &q->numbers, &numbers) || !lexer_space(lx) ||
        !ascending_set(lx, &q->matching, &uids) || !lexer_expect(lx, ')'))
        return false;
    return numbers == uids ||
           lexer_fail(lx, LEXER_SYNTAX, "sequence match data must be of pairs");
}

bool parse_qresync(struct lexer *lx, struct qresync *qresync_r)
{
    struct qresync *q = qresync_r;
    *q = (struct qresync){ 0 };
    if (!lexer_expect(lx, '(') || !lexer_nz_number(lx, &q->uidvalidity) || !lexer_space(lx) ||
        !lexer_number64(lx, &q->modseq))
        return false;
    if (q->modseq == 0)
        return lexer_fail(lx, LEXER_SYNTAX, "no message has mod-sequence 0");
    bool more = lexer_accept(lx, ' ');
    if (more && lexer_peek(lx) != '(') {
        q->known = true;
        if (!known_set(lx, &q->uids))
            return false;
        sequence_normalize(&q->uids, UINT32_MAX);
        more = lexer_accept(lx, ' ');
    }
    if (more && (!lexer_expect(lx, '(') || !sample(lx, q)))
        return false;
    return lexer_expect(lx, ')');
}
