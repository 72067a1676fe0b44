/* Modified UTF-7: RFC 3501 section 5.1.3. */
#include "mailstore_root.h"

static bool decodes(const char *in, size_t n, const char *want)
{
    struct buffer out;
    buffer_init(&out, 4096);
    buffer_puts(&out, "before");
    bool ok = mutf7_to_utf8(in, n, &out);
    assert_non_null(buffer_string(&out));
    if (ok)
        assert_string_equal(out.data + 6, want);
    else
        assert_string_equal(out.data, "before");
    buffer_free(&out);
    return ok;
}

static bool encodes(const char *in, size_t n, const char *want)
{
    struct buffer out;
    buffer_init(&out, 4096);
    buffer_puts(&out, "before");
    bool ok = utf8_to_mutf7(in, n, &out);
    assert_non_null(buffer_string(&out));
    if (ok)
        assert_string_equal(out.data + 6, want);
    else
        assert_string_equal(out.data, "before");
    buffer_free(&out);
    return ok;
}

static const struct {
    const char *utf7, *utf8;
} pairs[] = {
    { "", "" },
    { "INBOX", "INBOX" },
    { "&-", "&" },
    { "a&-b&-", "a&b&" },
    { "&AOk-", "\xc3\xa9" },
    { "&Jjo-!", "\xe2\x98\xba!" },                                    /* RFC 3501 5.1.3 */
    { "&U,BTF2XlZyyKng-", "台北日本語" },                             /* RFC 3501 5.1.3 */
    { "~peter/mail/&ZeVnLIqe-/&U,BTFw-", "~peter/mail/日本語/台北" }, /* RFC 2060 5.1.3 */
    { "&BBIERQQ+BDQETwRJBDgENQ-", "Входящие" },
    { "&2D3eAA-", "\xf0\x9f\x98\x80" },
    { "&AOk-&-&AOk-", "é&é" },
    { "&AAE-", "\x01" },
    { "&AH8-", "\x7f" },
    { "a\\b~c+d,e", "a\\b~c+d,e" },
};

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_true(decodes(pairs[i].utf7, strlen(pairs[i].utf7), pairs[i].utf8));
        assert_true(encodes(pairs[i].utf8, strlen(pairs[i].utf8), pairs[i].utf7));
    }
}

static void test_not_valid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "&", /* a shift without an end */
        "a&",
        "&AOk",
        "&A-", /* less than a character */
        "&AO-",
        "&AOkA-", /* a digit too many */
        "&AOl-",  /* stray bits at the end */
        "&AOk--&",
        "&AGE-",              /* printable ASCII in base64: 'a' */
        "&AC4ALg-",           /* ".." */
        "&ACY-",              /* '&' itself */
        "&AC8-",              /* '/' */
        "&U,BTFw-&ZeVnLIqe-", /* RFC 3501: superfluous shift */
        "&AOk-&AOk-",
        "&2D0-",    /* half a surrogate pair */
        "&3gA-",    /* the other half */
        "&3gDYPQ-", /* both in the wrong order */
        "&2D3YPQ-", /* two first halves */
        "&AO/-",    /* '/' is no digit here */
        "&AO=-",
        "&AOk=-",
        "\xc3\xa9", /* 8-bit */
        "a\x80",
        "a\tb", /* no control characters */
        "a\x7f",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(decodes(bad[i], strlen(bad[i]), ""));
    assert_false(decodes("a\0b", 3, ""));
    assert_false(decodes("&A\0k-", 5, ""));
}

static void test_not_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xc3",
        "a\xff",
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xc3(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(encodes(bad[i], strlen(bad[i]), ""));
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* What is encoded decodes to itself, strictly. */
static void test_round_trips(void **state)
{
    (void)state;
    static const uint32_t limit[] = { 0x80, 0x100, 0x800, 0x10000, 0x110000 };
    srandom(3501);
    for (int round = 0; round < 20000; round++) {
        char text[256];
        size_t n = 0;
        for (long chars = random() % 40; chars > 0; chars--) {
            uint32_t c = (uint32_t)random() % limit[random() % 5];
            if (c >= 0xd800 && c <= 0xdfff)
                c = '&';
            n += put_utf8(c, text + n);
        }
        struct buffer utf7;
        struct buffer utf8;
        buffer_init(&utf7, 4096);
        buffer_init(&utf8, 4096);
        assert_true(utf8_to_mutf7(text, n, &utf7));
        for (size_t i = 0; i < utf7.len; i++)
            assert_true(utf7.data[i] >= 0x20 && utf7.data[i] <= 0x7e);
        assert_true(mutf7_to_utf8(utf7.data, utf7.len, &utf8));
        assert_int_equal(utf8.len, n);
        if (n > 0)
            assert_memory_equal(utf8.data, text, n);
        buffer_free(&utf7);
        buffer_free(&utf8);
    }
}

/* Whatever decodes encodes to the same octets: there is only one encoding. */
static void test_one_encoding(void **state)
{
    (void)state;
    static const char alphabet[] = "&&&---AABCDEFGHIJKLMNOPQRSTUVWXYZabyz0129+,/ ~\\\xc3\xa9";
    srandom(513);
    int valid = 0;
    for (int round = 0; round < 200000; round++) {
        char text[16];
        size_t n = (size_t)random() % sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[(size_t)random() % (sizeof alphabet - 1)];
        struct buffer utf8;
        struct buffer utf7;
        buffer_init(&utf8, 4096);
        buffer_init(&utf7, 4096);
        if (mutf7_to_utf8(text, n, &utf8)) {
            valid++;
            assert_true(utf8_to_mutf7(utf8.data, utf8.len, &utf7));
            assert_int_equal(utf7.len, n);
            if (n > 0)
                assert_memory_equal(utf7.data, text, n);
        }
        buffer_free(&utf8);
        buffer_free(&utf7);
    }
    assert_true(valid > 1000);
}

static void test_no_room(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4);
    assert_false(utf8_to_mutf7("éé", 4, &out));
    assert_int_equal(out.len, 0);
    buffer_clear(&out);
    assert_false(mutf7_to_utf8("abcdef", 6, &out));
    assert_int_equal(out.len, 0);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),        cmocka_unit_test(test_not_valid),
        cmocka_unit_test(test_not_utf8),     cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_one_encoding), cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
