/* COMPRESS: RFC 4978. */
#include "command/command.h"

#include "base/log.h"
#include "net/deflate.h"

#include <string.h>

bool parse_compress(struct command *c)
{
    char word[16];
    if (!lexer_space(c->lexer) || !lexer_word(c->lexer, word, sizeof word))
        return false;
    if (strcmp(word, "DEFLATE") != 0)
        return lexer_fail(c->lexer, LEXER_SYNTAX, "unknown mechanism %s", word);
    return lexer_end(c->lexer);
}

/* The OK is the last that goes uncompressed. What the client has sent behind the command
 * without waiting for it, which it must not, is thrown away (stream_through). */
void run_compress(struct command *c)
{
    struct session *s = c->session;
    const char *why;
    if (s->deflate != NULL) {
        command_no(c, "COMPRESSIONACTIVE", "DEFLATE is active already");
        return;
    }
    s->deflate = deflate_begin(s->io->in_fd, s->io->out_fd, &why);
    if (s->deflate == NULL) {
        log_error("no COMPRESS: %s", why);
        command_no(c, "UNAVAILABLE", why);
        return;
    }
    stream_printf(s->io, "%s OK DEFLATE active\r\n", c->tag);
    if (stream_flush(s->io))
        stream_through(s->io, s->deflate);
    c->ending = ENDING_SILENT;
}
