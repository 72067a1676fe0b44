/* For growth.c: what a message begins with, and what is then repeated, each with each. The
 * first octet is the target's (message_fuzz.c). */

static const char *const begins[] = {
    "a"
    "To: ",
    "a"
    "Subject: ",
    "a"
    "Date: ",
    "a"
    "Content-Type: multipart/mixed; boundary=b; x=\"",
    "a"
    "Content-Type: ",
    "a"
    "Content-Type: text/html\n\n",
    "a",
    "a"
    "Content-Type: text/plain; ",
    "a"
    "\n",
    "a"
    "Content-Type: multipart/mixed; boundary=b\n\n",
    "a"
    "Content-Transfer-Encoding: quoted-printable\n\n",
    "a"
    "Content-Disposition: a",
};

static const char *const units[] = {
    "=?",
    "=?a?",
    "=?utf-8?q?",
    "=?utf-8?q?=d0?= ",
    "(",
    ")",
    "\"",
    "\\",
    "<",
    ">",
    ",",
    ":",
    ";",
    "@",
    "a@b,",
    "g:",
    "a\n ",
    "; a=b",
    "; a*0=b",
    "&",
    "&amp",
    "<!--",
    "<a b='",
    "=",
    "=\n",
    "\xcc\x81",
    "\xcc\xa3\xcc\x81",
    "\xef\xb7\xba",
    "\n",
    "\r",
    "--b\n",
    "\n--",
    "X: y\n",
    "--b\n\n",
    "z",
    " ",
    "=3",
    "1 ",
    "</script",
};
