/*
 * Names of messages in a Maildir:
 *
 *     <unique>[,S=<octets>][,W=<octets>][,...]:2,<flags>[,<whatever>]
 *     \________________ base _______________/
 *
 * The unique part (before the first ',' or ':') is the message's identity: other programs add
 * and change what follows it. The base name (before the first ':') stands in dovecot-uidlist.
 */
#ifndef MAILSTORE_FILENAME_H
#define MAILSTORE_FILENAME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A base name leaves room for ":2,", the 6 letters of flags and 26 of keywords below NAME_MAX.
 */
#define BASE_NAME_MAX (NAME_MAX - 3 - 6 - 26)

/* The letters of a name that are keywords: bits 0 to 25 are a to z. */
#define LETTERS_AZ      0x03ffffffU
#define LETTER_P        (1U << 26) /* 'P', passed: $Forwarded */
#define LETTER_P_INDEX  26
#define LETTERS_COUNTED 26

struct maildir_name {
    size_t unique_len;
    size_t base_len;
    uint8_t flags;    /* enum message_flag */
    uint32_t letters; /* LETTERS_AZ, LETTER_P */
};

/* Takes a name apart. False, nothing set: it can't be written into a dovecot-uidlist or can't
 * take flags (no unique part, a control character, longer than BASE_NAME_MAX): the file needs
 * another name first. */
bool maildir_name_parse(const char *name, struct maildir_name *n_r);

/* The flags alone of any name, usable or not. */
void maildir_name_flags(const char *name, uint8_t *flags_r, uint32_t *letters_r);

/* Writes to out (NAME_MAX + 1) the same name with other flags and keyword letters, in ASCII
 * order. Letters we know nothing of and what follows a second ',' are kept. False: too long. */
bool maildir_name_with_flags(const char *name, uint8_t flags, uint32_t letters, char *out);

/* The number behind ",<key>=" of the base name, for 'S' and 'W'. False: there is none. */
bool maildir_name_number(const char *name, char key, uint64_t *value_r);

/* The seconds since the epoch that a name begins with, by which it is one that is unique: 9 or
 * 10 digits with '.' or '_' behind them, and no space in the unique part. False: it is not. */
bool maildir_name_seconds(const char *name, uint64_t *seconds_r);

/* The order in which new messages get their UIDs (as Dovecot's): the seconds the name begins
 * with, the microseconds of its M part, the base name. */
struct name_key {
    uint64_t seconds;
    uint64_t micros;
    const char *name; /* the one given, not copied */
};
struct name_key maildir_name_key(const char *name);
int maildir_name_order(const struct name_key *a, const struct name_key *b);

/* Makes unique parts "<sec>.M<usec>P<pid>.<host>", each later than the one before. */
struct name_maker {
    int64_t last;  /* microseconds since the epoch of the last name */
    char host[65]; /* with what a name can't hold escaped as \ooo; set at the first name */
};

/* Room for any name that name_maker_next makes, with its NUL. */
#define UNIQUE_NAME_SIZE 160

/* Writes the next unique part to out (UNIQUE_NAME_SIZE). A maker begins zeroed. */
void name_maker_next(struct name_maker *maker, char *out);

#endif
