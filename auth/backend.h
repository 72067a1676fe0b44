/*
 * Who can say whether a password is right: PAM and the passwd file. Both run in the checker
 * alone, a process that lives for one question.
 */
#ifndef AUTH_BACKEND_H
#define AUTH_BACKEND_H

#include "auth/identity.h"

/* What is asked. */
struct credentials {
    const char *user;     /* 1 to AUTH_USER_MAX octets */
    const char *password; /* 1 to AUTH_PASSWORD_MAX octets; NULL: somebody else vouches for the
                             user (a certificate, a token), and what is asked is only whether
                             there is such a user who may log in */
    const char *prepared; /* the password after SASLprep; empty: it has no such form */
    bool token;        /* the password is a bearer token, of up to AUTH_TOKEN_MAX octets; user
                          is whom the client claims to be, or empty */
    const char *rhost; /* the client's address; NULL: a local client */
};

enum backend_result {
    BACKEND_OK,       /* the password is right; the identity is filled in */
    BACKEND_MISMATCH, /* the user is known, the password is wrong: no other backend is asked */
    BACKEND_UNKNOWN,  /* not known here, or not told: ask the next */
    BACKEND_EXPIRED,  /* right, but the password or the account has run out */
    BACKEND_UNAVAILABLE /* could not look */
};

/* Asks PAM's service s->pam_service: pam_authenticate (without a password not), then
 * pam_acct_mgmt. The identity is that
 * of the system's account of the name that PAM hands back. PAM does not say reliably whether a
 * user exists, so its failures are BACKEND_UNKNOWN. *reason_r is set in every case: a word for
 * the log (imapd(8)). */
enum backend_result backend_pam(const struct settings *s, const struct credentials *c,
                                struct identity *id, const char **reason_r);

/* Whose token this is (1 to AUTH_TOKEN_MAX octets): runs s->oauth_helper as s->oauth_user.
 * claimed: who the client says, or empty. BACKEND_OK: the name is in user_r. BACKEND_MISMATCH:
 * the token is no good, or another's. BACKEND_UNAVAILABLE. *reason_r as above. */
enum backend_result oauth_ask(const struct settings *s, const char *token, const char *claimed,
                              char user_r[AUTH_USER_MAX + 1], const char **reason_r);

/* Who a user of s->passwd_file is, whatever the password: for root's errands at the command
 * line. BACKEND_OK, BACKEND_UNKNOWN, BACKEND_MISMATCH (the line is of no use) or
 * BACKEND_UNAVAILABLE; *reason_r as above. */
enum backend_result passwd_file_identity(const struct settings *s, const char *user,
                                         struct identity *id, const char **reason_r);

/* What SCRAM needs of a user of s->passwd_file. BACKEND_OK: the user's verifier in *v_r.
 * BACKEND_UNKNOWN, BACKEND_MISMATCH: there is no such user, or none with a verifier that fits
 * anything. BACKEND_UNAVAILABLE. Except with the last, *like_r is the file's first verifier,
 * for what users who are not there must look like; iterations 0: there is none. *reason_r as
 * above. */
enum backend_result passwd_file_verifier(const struct settings *s, const char *user,
                                         struct scram_verifier *v_r,
                                         struct scram_verifier *like_r, const char **reason_r);

/* Looks into s->passwd_file. An unknown user takes as long as a wrong password. uid, gid and
 * home that the file leaves out are those of the system's account of that name. *reason_r as
 * above. */
enum backend_result backend_passwd_file(const struct settings *s, const struct credentials *c,
                                        struct identity *id, const char **reason_r);

#endif
