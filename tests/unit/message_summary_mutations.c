/* The fuzz target of summaries over changed messages, the same ones at each run. */
/* The target is one function with its checks. NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "tests/fuzz/summary_fuzz.c"
#include "tests/unit/mutated_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROUNDS 1500

static const char *const seeds[] = {
    "From: a <b@c> (x)\r\nTo: g: x@y, \"q\" <@r:z@w>;\r\nSubject: =?koi8-r?B?4c7O0Q==?=\r\n"
    "Date: Mon, 1 Jan 2024 10:00:00 +0300\r\nCc:\r\nX-Priority: 1\r\n\r\nbody\r\n",
    "Received: from x\n\tby y\nFrom: =?utf-8?Q?=D0=9F?=\n =?utf-8?Q?_=C3=9F?= <a@b>\nto: "
    "one@x,\n"
    "\ttwo@y\nTO: three@z\nX-Odd: no\nReferences: <1@a>\n <2@b>\nIn-Reply-To: <2@b>\n"
    "Message-ID: <3@c>\nList-Id: <l.x>\nBcc: b@c\nContent-Type: multipart/mixed; boundary=b\n"
    "DKIM-Signature: v=1;\n\tb=abc\nSubject: Stra\xc3\x9f"
    "e \xd0\x9f\xd1\x80\xd0\xb8\n"
    "Subject : again\nDate: 1 Jan 70 00:00\n\n--b\n\nhi\n--b\nContent-Type: message/rfc822\n\n"
    "Subject: in\nFrom: x@y\n\n--b--\n",
    "SUBJECT:x\nsubject:\n\t\n y\nCC: \xff\xfe\nDate: none\nfrom\nTo:a\n:b\nSender : c",
    "Subject: a\n \n b\xef\xbf\xbf\rc\xcc\x81\xcc\xa3\nBcc: =?utf-8?Q?a?= =?utf-8?Q?b?= c\n\n",
};

static void promises_hold(void **state)
{
    (void)state;
    unsigned seed = 2463534242;
    for (size_t round = 0; round < ROUNDS; round++) {
        uint8_t data[MUTATED_MAX];
        const char *text = seeds[round % (sizeof seeds / sizeof *seeds)];
        size_t n = mutated_message(data, text, &seed);
        assert_int_equal(LLVMFuzzerTestOneInput(data, n), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(promises_hold) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
